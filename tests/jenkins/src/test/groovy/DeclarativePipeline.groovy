import com.lesfurets.jenkins.unit.BasePipelineTest

/**
 * Runs the Jenkinsfile as Jenkins would: JenkinsPipelineUnit 1.1 knows steps but not the declarative words, which are here.
 *
 * A word that is not here, a step that is not registered, a word at the wrong place and a stage with two bodies fail the test.
 * What Jenkins would do with agents, plugins and time is not simulated.
 */
class DeclarativePipeline extends BasePipelineTest {

  static final BODIES = ['steps', 'stages', 'parallel']
  static final STAGE_WORDS = BODIES + ['when', 'options', 'environment', 'post', 'agent', 'input']
  static final POST_WORDS = ['always', 'success', 'failure', 'cleanup']

  String branchName
  String trigger = 'push'
  /** Commands that end with an error. */
  Set<String> failing = []

  /** What happened, in order. */
  List<String> entered = []
  List<String> commands = []
  List<String> others = []

  private List<Map> open = []
  private boolean isSkipped

  void setUp() {
    scriptRoots += ['../..', 'src/test/resources']
    scriptExtension = ''
    super.setUp()
    BODIES.each { word -> collect(word) }
    (STAGE_WORDS - BODIES - ['agent', 'input']).each { word -> collect(word) }
    POST_WORDS.each { word -> collect(word) }
    collect('triggers')
    define('pipeline', [Closure]) { body -> runNode('pipeline', body) }
    define('stage', [String, Closure]) { name, body -> declare(name, body) }
    define('agent', [Closure]) { body -> inside('agent', body) }
    define('label', [String]) { name -> need('agent', 'label'); others << "agent $name".toString() }
    registerOptions()
    registerConditions()
    registerSteps()
  }

  /** Run a Jenkinsfile; the failed command that it ended with, or null. */
  StageFailed run(String file = 'Jenkinsfile') {
    binding.setVariable('env', [BRANCH_NAME: branchName])
    try {
      runScript(file)
      return null
    } catch (StageFailed failed) {
      return failed
    }
  }

  private void registerOptions() {
    ['timeout': Map, 'buildDiscarder': Object].each { word, type -> define(word, [type]) { value -> need('options', word) } }
    define('logRotator', [Map]) { value -> value }
    ['disableConcurrentBuilds', 'skipStagesAfterUnstable', 'timestamps'].each { word ->
      define(word, []) { -> need('options', word); others << word }
    }
    define('cron', [String]) { value -> need('triggers', 'cron'); others << "cron $value".toString() }
  }

  private void registerConditions() {
    define('beforeAgent', [Boolean]) { value -> need('when', 'beforeAgent') }
    define('branch', [String]) { name -> condition('branch', branchName == name) }
    define('triggeredBy', [String]) { name -> condition('triggeredBy', trigger == name) }
  }

  private void registerSteps() {
    define('sh', [String]) { command ->
      need(['steps'] + POST_WORDS, 'sh')
      commands << command.toString()
      if (command.toString() in failing) throw new StageFailed("$command ended with an error")
    }
    define('junit', [Map]) { values -> need(['steps'] + POST_WORDS, 'junit'); others << "junit ${values.testResults}".toString() }
    define('cleanWs', []) { -> need(POST_WORDS, 'cleanWs'); others << 'cleanWs' }
  }

  private void define(String word, List<Class> types, Closure action) {
    helper.registerAllowedMethod(word, types, action)
  }

  private void collect(String word) {
    define(word, [Closure]) { body ->
      def node = open.last()
      if (node.body) throw new IllegalStateException("'$word' stands inside '${node.word}'")
      if (node.parts.containsKey(word)) throw new IllegalStateException("'$word' stands twice in ${node.name}")
      node.parts[word] = body
    }
  }

  private void need(Object words, String what) {
    def node = open.last()
    if (!(node.word in [words].flatten())) throw new IllegalStateException("'$what' stands inside '${node.word}'")
  }

  private void condition(String word, boolean holds) {
    need('when', word)
    if (!holds) isSkipped = true
  }

  /** Run a part whose words are steps, options or conditions. */
  private void inside(String word, Closure body) {
    within([word: word, body: true], body)
  }

  private void within(Map node, Closure body) {
    open << node
    try {
      body.call()
    } finally {
      open.remove(open.size() - 1)
    }
  }

  private void declare(String name, Closure body) {
    def node = open.last()
    if (!(node.word in ['stages', 'parallel'])) throw new IllegalStateException("the stage '$name' stands inside '${node.word}'")
    node.children << [name: name, body: body]
  }

  private Map partsOf(String name, Closure body, List<String> allowed) {
    def node = [word: name, name: name, parts: [:]]
    within(node, body)
    def unknown = node.parts.keySet() - allowed
    if (unknown) throw new IllegalStateException("$unknown may not stand in $name")
    return node.parts
  }

  private void runNode(String name, Closure body) {
    def isPipeline = name == 'pipeline'
    def parts = partsOf(name, body, isPipeline ? ['stages', 'options', 'triggers', 'environment', 'post'] : STAGE_WORDS)
    def bodies = parts.keySet().intersect(BODIES)
    if (bodies.size() != 1) throw new IllegalStateException("$name has ${bodies.size()} bodies")
    ['options', 'triggers', 'environment'].each { word -> if (parts[word]) inside(word, parts[word]) }
    if (parts.when && !holds(parts.when)) return
    if (!isPipeline) entered << name
    def failed = null
    try {
      runBody(bodies.first(), parts[bodies.first()])
    } catch (StageFailed error) {
      failed = error
    }
    if (parts.post) runPost(parts.post, failed)
    if (failed) throw failed
  }

  private boolean holds(Closure conditions) {
    isSkipped = false
    inside('when', conditions)
    return !isSkipped
  }

  private void runBody(String word, Closure body) {
    if (word == 'steps') {
      inside('steps', body)
      return
    }
    def node = [word: word, body: true, children: []]
    within(node, body)
    def failed = null
    for (child in node.children) {
      try {
        runNode(child.name, child.body)
      } catch (StageFailed error) {
        if (word == 'stages') throw error
        failed = failed ?: error // the others of a parallel run to their end
      }
    }
    if (failed) throw failed
  }

  private void runPost(Closure body, Throwable failed) {
    def parts = partsOf('post', body, POST_WORDS)
    def due = ['always', failed ? 'failure' : 'success', 'cleanup']
    due.each { word -> if (parts[word]) inside(word, parts[word]) }
  }

  static class StageFailed extends RuntimeException {
    StageFailed(String message) { super(message) }
  }
}
