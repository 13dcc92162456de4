import static org.junit.Assert.*

import org.junit.Test

class JenkinsfileTest {

  static final STATIC = ['lint', 'test-jenkins', 'test-package', 'test-k8s', 'test-monitoring', 'test-console', 'test-terraform']
  static final EMULATED = ['test-integration', 'test-cloud', 'test-infra']
  static final EVERY = ['package'] + STATIC + ['test-unit'] + EMULATED
  static final NIGHTLY = ['test-faults', 'test-image', 'bench-check']

  static DeclarativePipeline pipeline(Map settings) {
    def pipeline = new DeclarativePipeline(settings)
    pipeline.setUp()
    return pipeline
  }

  static List<String> make(List<String> targets) {
    return targets.collect { "make $it".toString() }
  }

  @Test void 'a feature branch is verified and no more'() {
    def it = pipeline(branchName: 'feature/x')
    assertNull(it.run())
    assertEquals(make(EVERY), it.commands)
  }

  @Test void 'a pull request is verified and no more'() {
    def it = pipeline(branchName: 'PR-7')
    assertNull(it.run())
    assertEquals(make(EVERY), it.commands)
  }

  @Test void 'main after a push is verified and no more'() {
    def it = pipeline(branchName: 'main')
    assertNull(it.run())
    assertEquals(make(EVERY), it.commands)
  }

  @Test void 'main by night is disturbed and measured, too'() {
    def it = pipeline(branchName: 'main', trigger: 'TimerTrigger')
    assertNull(it.run())
    assertEquals(make(EVERY + NIGHTLY), it.commands)
  }

  @Test void 'only main has a clock'() {
    def main = pipeline(branchName: 'main'), feature = pipeline(branchName: 'feature/x')
    main.run()
    feature.run()
    assertTrue('cron H 1 * * *' in main.others)
    assertTrue('cron ' in feature.others)
  }

  @Test void 'each stage that runs a command is called as its target'() {
    def it = pipeline(branchName: 'main', trigger: 'TimerTrigger')
    it.run()
    assertEquals(it.commands, make(it.entered - ['verify', 'static', 'emulated', 'environments', 'nightly']))
  }

  /** What runs when a target fails: its lane to there, the lanes beside it to their ends, nothing after them. */
  static List<String> until(String target) {
    if (target == 'package') return ['package']
    if (target in STATIC) return ['package'] + STATIC[0..STATIC.indexOf(target)] + ['test-unit']
    if (target == 'test-unit') return ['package'] + STATIC + ['test-unit']
    if (target == 'test-integration') return EVERY
    return (EVERY + NIGHTLY)[0..(EVERY + NIGHTLY).indexOf(target)]
  }

  @Test void 'a failing target fails the build and stops what follows'() {
    for (target in EVERY + NIGHTLY) {
      def it = pipeline(branchName: 'main', trigger: 'TimerTrigger', failing: make([target]) as Set)
      assertNotNull(target, it.run())
      assertEquals(target, make(until(target)), it.commands)
    }
  }

  @Test void 'reports are published and the workspace is cleaned, whatever failed'() {
    for (failing in [[], ['make lint']]) {
      def it = pipeline(branchName: 'main', failing: failing as Set)
      it.run()
      assertEquals(['junit build/reports/*.xml, build/jenkins/surefire-reports/*.xml', 'cleanWs'], it.others[-2..-1])
    }
  }

  @Test void 'two builds of a branch do not run at the same time'() {
    def it = pipeline(branchName: 'main')
    it.run()
    assertTrue('disableConcurrentBuilds' in it.others)
  }

  @Test void 'the words that are run here are strict: a wrong one, or one at a wrong place, is an error'() {
    for (file in ['unknown-option', 'unknown-step', 'step-outside-of-steps', 'two-bodies', 'condition-outside-of-when']) {
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
