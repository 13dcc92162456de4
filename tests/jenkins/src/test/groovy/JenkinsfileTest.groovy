import static org.junit.Assert.*

import org.junit.Test

class JenkinsfileTest {

  static final STATIC = ['lint', 'test-jenkins', 'test-package', 'test-k8s', 'test-monitoring', 'test-console', 'test-terraform']
  static final BESIDE = ['test-unit', 'scan']
  static final EMULATED = ['test-integration', 'test-cloud', 'test-infra']
  static final NIGHTLY = ['test-faults', 'test-image', 'test-upgrade', 'bench-check']
  static final DRIFT = ['drift-dev', 'drift-staging', 'drift-prod']
  static final GROUPS = ['check', 'verify', 'static', 'judged', 'emulated', 'environments', 'nightly', 'drift', 'pull-request',
                         'dev', 'release-dev', 'staging', 'release-staging', 'prod', 'planned', 'approved', 'release-prod']

  /** What is verified of every build; SonarQube sees main alone. */
  static final VERIFIED = ['package'] + STATIC + BESIDE + ['quality'] + EMULATED
  static final VERIFIED_MAIN = VERIFIED[0..VERIFIED.indexOf('quality')] + ['sonar'] + EMULATED

  static final DEV = ['plan-file-dev', 'deploy-dev', 'sync-dev', 'smoke-dev']
  static final STAGING = ['plan-file-staging', 'deploy-staging', 'rollout-staging', 'sync-staging', 'smoke-staging']
  static final PROD = ['plan-file-prod', 'deploy-prod', 'rollout-prod', 'sync-prod', 'smoke-prod']

  static final FEATURE = [branchName: 'feature/x']
  static final PULL = [branchName: 'PR-7', changeBranch: 'feature/x']
  static final MAIN = [branchName: 'main', globals: [ARGOCD_SERVER: 'argocd.example.com']]
  static final NIGHT = [branchName: 'main', trigger: 'TimerTrigger']
  static final TAG = [branchName: 'v1.2.0', tagName: 'v1.2.0', globals: [ARGOCD_SERVER: 'argocd.example.com']]

  static DeclarativePipeline pipeline(Map settings) {
    def pipeline = new DeclarativePipeline(settings)
    pipeline.setUp()
    return pipeline
  }

  static DeclarativePipeline failed(Map settings, String target) {
    def it = pipeline(settings + [failing: make([target]) as Set])
    assertNotNull(target, it.run())
    return it
  }

  private static final Map<Map, DeclarativePipeline> RUN = [:]

  /** A build in which nothing fails; run once for all tests that ask. */
  static DeclarativePipeline passed(Map settings) {
    if (!(settings in RUN)) {
      def it = pipeline(settings)
      assertNull(it.run())
      RUN[settings] = it
    }
    return RUN[settings]
  }

  static List<String> make(List<String> targets) {
    return targets.collect { "make $it".toString() }
  }

  @Test void 'a feature branch is verified and no more'() {
    assertEquals(make(VERIFIED), passed(FEATURE).commands)
  }

  @Test void 'a pull request is verified and gets a preview of its branch in the account of dev'() {
    def it = passed(PULL)
    assertEquals(make(VERIFIED + ['preview']), it.commands)
    assertEquals([AWS: '1', BRANCH: 'feature/x', YES: '1'], it.runs.last().environment.subMap(['AWS', 'BRANCH', 'YES']))
    assertEquals('dev-token', credential(it.runs.last(), 'AWS_WEB_IDENTITY_TOKEN_FILE'))
  }

  @Test void 'main is verified, and deployed to dev, then to staging'() {
    assertEquals(make(VERIFIED_MAIN + DEV + STAGING), passed(MAIN).commands)
  }

  @Test void 'main by night is disturbed, measured and compared with what is there, and deployed nowhere'() {
    assertEquals(make(DRIFT + VERIFIED_MAIN + NIGHTLY), passed(NIGHT).commands)
  }

  @Test void 'a tag is verified, planned, approved by who may, and deployed to prod'() {
    def it = passed(TAG)
    assertEquals(make(VERIFIED + PROD), it.commands)
    assertEquals(['Apply the archived plan to prod? by datavault-release, locks []'], it.questions)
  }

  @Test void 'a tag that is no version is verified and no more'() {
    assertEquals(make(VERIFIED), passed(branchName: 'try-1', tagName: 'try-1').commands)
  }

  @Test void 'a branch that is called like a version is not deployed'() {
    assertEquals(make(VERIFIED), passed(branchName: 'v1.2.0').commands)
  }

  @Test void 'where no Argo CD is named nothing is synced'() {
    assertEquals(make(VERIFIED + PROD - ['sync-prod']), passed(TAG + [globals: [:]]).commands)
  }

  @Test void 'what is not approved, or not in time, is not deployed and needs no rollback'() {
    for (answer in ['aborted', 'timed out']) {
      def it = pipeline(TAG + [approval: answer])
      assertNotNull(answer, it.run())
      assertEquals(answer, make(VERIFIED + ['plan-file-prod']), it.commands)
    }
  }

  @Test void 'only main has a clock'() {
    assertTrue('cron H 1 * * *' in passed(MAIN).others)
    assertTrue('cron ' in passed(FEATURE).others)
  }

  @Test void 'each stage that runs a command is called as its target'() {
    for (settings in [FEATURE, PULL, MAIN, NIGHT, TAG]) {
      def it = passed(settings)
      assertEquals(make(it.runs*.stage), it.commands)
      assertEquals(it.runs*.stage, it.entered - GROUPS)
    }
  }

  @Test void 'each command runs on an agent, and none is held between the parts of a release'() {
    for (settings in [FEATURE, PULL, MAIN, NIGHT, TAG]) {
      assertEquals(['datavault'] as Set, passed(settings).runs*.agent as Set)
    }
    assertEquals(3, passed(TAG).others.count('agent datavault')) // check, planned, release-prod
  }

  /** What runs when a target fails: its lane to there, the lanes beside it to their ends, nothing after them. */
  static List<String> until(String target, List<String> all) {
    if (target == 'package') return ['package']
    if (target in STATIC) return ['package'] + STATIC[0..STATIC.indexOf(target)] + BESIDE
    if (target in BESIDE) return ['package'] + STATIC + BESIDE
    if (target == 'test-integration') return all[0..all.indexOf('test-infra')]
    return all[0..all.indexOf(target)]
  }

  @Test void 'a failing gate fails the build and stops what follows'() {
    for (target in VERIFIED_MAIN) {
      assertEquals(target, make(until(target, VERIFIED_MAIN)), failed(MAIN, target).commands)
    }
    for (target in ['scan', 'quality', 'test-infra']) {
      assertEquals(target, make(until(target, VERIFIED)), failed(TAG, target).commands)
    }
    for (target in NIGHTLY) {
      assertEquals(target, make(DRIFT + until(target, VERIFIED_MAIN + NIGHTLY)), failed(NIGHT, target).commands)
    }
  }

  @Test void 'drift in one environment fails the night, and the others are looked at'() {
    for (target in DRIFT) {
      assertEquals(make(DRIFT + VERIFIED_MAIN + NIGHTLY), failed(NIGHT, target).commands)
    }
  }

  @Test void 'a release that fails is rolled back, and the next environment is left alone'() {
    for (target in DEV - ['plan-file-dev']) {
      def expected = VERIFIED_MAIN + DEV[0..DEV.indexOf(target)] + ['rollback-dev']
      assertEquals(target, make(expected), failed(MAIN, target).commands)
    }
    for (target in STAGING - ['plan-file-staging']) {
      def expected = VERIFIED_MAIN + DEV + STAGING[0..STAGING.indexOf(target)] + ['rollback-staging']
      assertEquals(target, make(expected), failed(MAIN, target).commands)
    }
    for (target in PROD - ['plan-file-prod']) {
      assertEquals(target, make(VERIFIED + PROD[0..PROD.indexOf(target)] + ['rollback-prod']), failed(TAG, target).commands)
    }
  }

  @Test void 'what could not be planned is not rolled back'() {
    assertEquals(make(VERIFIED_MAIN + ['plan-file-dev']), failed(MAIN, 'plan-file-dev').commands)
    assertEquals(make(VERIFIED + ['plan-file-prod']), failed(TAG, 'plan-file-prod').commands)
  }

  @Test void 'what is applied to prod is the plan that was archived and approved'() {
    def others = passed(TAG).others
    def archived = others.findIndexOf { it.startsWith('archiveArtifacts build/plans/*') }
    assertTrue(archived < others.indexOf('stash plan-prod'))
    assertTrue(others.indexOf('stash plan-prod') < others.indexOf('unstash plan-prod'))
    assertEquals(1, others.count('stash plan-prod'))
  }

  @Test void 'no plan file is archived or stashed: it holds values in clear'() {
    for (settings in [MAIN, TAG]) {
      def kept = passed(settings).others.findAll { it.startsWith('archiveArtifacts build/plans') || it.startsWith('stash') }
      assertTrue(kept.every { it == 'archiveArtifacts build/plans/* without **/*.tfplan' || it == 'stash plan-prod' || it.endsWith('.before.json') })
      assertTrue(kept.size() >= 2)
    }
    assertTrue(new File('../../Jenkinsfile').text.contains("stash name: 'plan-prod', includes: 'build/plans/prod.sha256'"))
  }

  @Test void 'whoever touches an environment holds its lock, and no other'() {
    for (settings in [MAIN, NIGHT, TAG]) {
      for (run in passed(settings).runs) {
        def account = (run.command =~ /-(dev|staging|prod)$/)
        assertEquals(run.command, account ? ["datavault-${account[0][1]}".toString()] : [], run.locks)
      }
    }
  }

  /** The part of a credential's name behind `datavault-`. */
  static String credential(Map run, String variable) {
    return run.credentials[variable].toString() - 'datavault-'
  }

  @Test void 'a command has the rights of its own environment, of one role, and no key'() {
    def roles = ['plan-file': 'apply', 'deploy': 'apply', 'rollout': 'apply', 'sync': 'apply', 'rollback': 'apply', 'smoke': 'smoke', 'drift': 'plan']
    for (settings in [MAIN, NIGHT, TAG]) {
      for (run in passed(settings).runs) {
        def found = (run.command =~ /^make (.*)-(dev|staging|prod)$/)
        if (found) {
          def (account, role) = [found[0][2], roles[found[0][1]]]
          assertEquals("$account-token".toString(), credential(run, 'AWS_WEB_IDENTITY_TOKEN_FILE'))
          assertEquals("$account-$role-role".toString(), credential(run, 'AWS_ROLE_ARN'))
          assertEquals("$account-backend".toString(), credential(run, 'BACKEND'))
          assertEquals(run.command.startsWith('make sync'), 'GIT_ASKPASS' in run.credentials)
        } else {
          assertEquals(run.command, run.command == 'make sonar' ? ['SONAR_HOST_URL', 'SONAR_TOKEN'] : [], run.credentials.keySet() as List)
        }
      }
    }
    assertEquals([], (new File('../../Jenkinsfile').text =~ /(?i)aws_access_key|aws_secret|\busernamePassword\(/).collect { it })
  }

  @Test void 'no step prints the environment or traces its commands'() {
    for (settings in [FEATURE, PULL, MAIN, NIGHT, TAG]) {
      assertTrue(passed(settings).commands.every { it ==~ /make [a-z0-9-]+/ })
    }
  }

  @Test void 'reports are published and the workspace is cleaned, whatever failed'() {
    for (failing in [[], ['make lint']]) {
      def it = pipeline(FEATURE + [failing: failing as Set])
      it.run()
      assertEquals([
        'junit build/reports/*.xml, build/jenkins/surefire-reports/*.xml',
        'recordCoverage [build/reports/quality/coverage.xml]',
        'recordIssues [build/reports/scan/*.sarif]',
        'cleanWs',
      ], it.others[-4..-1])
    }
  }

  @Test void 'each workspace is cleaned'() {
    for (settings in [FEATURE, PULL, MAIN, NIGHT, TAG]) {
      def others = passed(settings).others
      assertEquals(others.count('agent datavault'), others.count('cleanWs'))
    }
  }

  @Test void 'two builds of a branch do not run at the same time'() {
    assertTrue('disableConcurrentBuilds' in passed(MAIN).others)
  }

  @Test void 'each part that holds an agent ends in time, and the question does'() {
    def stages = new File('../../Jenkinsfile').text.split(/(?m)^ *stage\('/).drop(1)
    def unbounded = stages.findAll { (it.contains('agent {') || it.contains('input {')) && !it.contains('timeout(') }
    assertEquals([], unbounded.collect { it.takeWhile { letter -> letter != "'" } })
  }

  @Test void 'previews whose time is over end every hour, in the account of dev'() {
    def it = pipeline(branchName: 'main')
    assertNull(it.run('Jenkinsfile.previews'))
    assertEquals(['make preview-sweep'], it.commands)
    assertEquals(['preview-sweep'], it.entered)
    assertTrue('cron H * * * *' in it.others)
    assertEquals('1', it.runs[0].environment.AWS)
    assertEquals('dev-apply-role', credential(it.runs[0], 'AWS_ROLE_ARN'))
  }

  @Test void 'the words that are run here are strict: a wrong one, or one at a wrong place, is an error'() {
    for (file in ['unknown-option', 'unknown-step', 'step-outside-of-steps', 'two-bodies', 'condition-outside-of-when',
                  'question-with-an-agent', 'archive-without-an-agent', 'lock-in-steps',
                  'agent-before-when', 'lock-before-when']) {
      def error = null
      try {
        pipeline(branchName: 'main').run("${file}.Jenkinsfile")
      } catch (MissingMethodException | IllegalStateException found) {
        error = found
      }
      assertNotNull(file, error)
    }
  }
}
