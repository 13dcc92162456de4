"""`make sonar`: an analysis by SonarQube, its figures, and its quality gate as exit code."""
