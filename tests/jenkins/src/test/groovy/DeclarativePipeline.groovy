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
  static final PIPELINE_WORDS = ['stages', 'options', 'triggers', 'environment', 'post', 'agent']
  static final POST_WORDS = ['always', 'failure', 'success', 'unsuccessful', 'cleanup']

  String branchName
  /** A tag's build has it beside the name of its branch, which is the same. */
  String tagName
  /** The branch behind a pull request's build. */
  String changeBranch
  String trigger = 'push'
  /** Variables that Jenkins sets for every build. */
  Map<String, String> globals = [:]
  /** What becomes of a question: given, aborted, or timed out. */
  String approval = 'given'
  /** Commands that end with an error. */
  Set<String> failing = []

  /** What happened, in order. */
  List<String> entered = []
  List<String> commands = []
  List<String> others = []
  List<String> questions = []
  /** For each command: stage, agent (null: none is held), locks, credentials by variable, environment. */
  List<Map> runs = []
  boolean isMarkedFailed

  private List<Map> open = []
  private List<String> stages = []
  private List<String> agents = []
  private List<String> locks = []
  private List<Map> credentials = []
  private List<Map> variables = []
  private Map<String, Object> question
  private boolean isSkipped

  void setUp() {
    scriptRoots += ['../..', 'src/test/resources']
    scriptExtension = ''
    super.setUp()
    (STAGE_WORDS - ['agent']).each { word -> collect(word) }
    POST_WORDS.each { word -> collect(word) }
    collect('triggers')
    define('pipeline', [Closure]) { body -> runNode('pipeline', body) }
    define('stage', [String, Closure]) { name, body -> declare(name, body) }
    collect('agent')
    define('agent', [Object]) { value -> noAgent(value) }
    binding.setVariable('none', 'none')
    define('label', [String]) { name -> need('agent', 'label'); agents << name; others << "agent $name".toString() }
    registerOptions()
    registerConditions()
    registerQuestion()
    registerSteps()
    registerCredentials()
  }

  /** Run a Jenkinsfile; the failed command that it ended with, or null. */
  StageFailed run(String file = 'Jenkinsfile') {
    def env = [BRANCH_NAME: branchName, TAG_NAME: tagName, CHANGE_BRANCH: changeBranch, BUILD_NUMBER: '12'] + globals
    binding.setVariable('env', env)
    try {
      runScript(file)
      return isMarkedFailed ? new StageFailed('a caught error') : null
    } catch (StageFailed failed) {
      return failed
    }
  }

  private void registerOptions() {
    ['timeout': Map, 'buildDiscarder': Object].each { word, type -> define(word, [type]) { value -> note(word, value) } }
    define('logRotator', [Map]) { value -> value }
    ['disableConcurrentBuilds', 'skipStagesAfterUnstable', 'timestamps'].each { word ->
      define(word, []) { -> need('options', word); others << word }
    }
    define('lock', [Map]) { value -> need('options', 'lock'); locks << value.resource }
    define('cron', [String]) { value -> need('triggers', 'cron'); others << "cron $value".toString() }
  }

  private void note(String word, Object value) {
    need('options', word)
    open.last().noted << [(word): value]
  }

  private void registerConditions() {
    ['beforeAgent', 'beforeOptions'].each { word ->
      define(word, [Boolean]) { value -> need('when', word); open.last().noted << [(word): value] }
    }
    define('branch', [String]) { name -> condition('branch', branchName == name) }
    define('tag', [String]) { glob -> condition('tag', tagName ==~ glob.replace('*', '.*')) }
    define('changeRequest', []) { -> condition('changeRequest', changeBranch != null) }
    define('triggeredBy', [String]) { name -> condition('triggeredBy', trigger == name) }
    define('expression', [Closure]) { body -> condition('expression', body.call() as boolean) }
    define('not', [Closure]) { body ->
      need('when', 'not')
      def before = isSkipped
      isSkipped = false
      body.call()
      isSkipped = before || !isSkipped
    }
  }

  private void registerQuestion() {
    ['message', 'ok', 'submitter'].each { word -> define(word, [String]) { text -> need('input', word); question[word] = text } }
  }

  private void registerSteps() {
    define('sh', [String]) { command ->
      need(['steps'] + POST_WORDS, 'sh')
      commands << command.toString()
      runs << [command: command.toString(), stage: stages ? stages.last() : null, agent: agents ? agents.last() : null,
               locks: locks.toList(), credentials: merged(credentials), environment: merged(variables)]
      if (command.toString() in failing) throw new StageFailed("$command ended with an error")
    }
    ['junit': 'testResults', 'archiveArtifacts': 'artifacts', 'stash': 'name'].each { word, what ->
      define(word, [Map]) { values -> step(word, "$word ${values[what]}" + (values.excludes ? " without ${values.excludes}" : '')) }
    }
    define('unstash', [String]) { name -> step('unstash', "unstash $name") }
    define('recordCoverage', [Map]) { values -> step('recordCoverage', "recordCoverage ${values.tools*.pattern}") }
    define('recordIssues', [Map]) { values -> step('recordIssues', "recordIssues ${values.tools}") }
    define('sarif', [Map]) { values -> values.pattern }
    define('cleanWs', []) { -> step('cleanWs', 'cleanWs') }
    define('catchError', [Map, Closure]) { values, body ->
      try {
        body.call()
      } catch (StageFailed failed) {
        if (values.buildResult == 'FAILURE') isMarkedFailed = true
      }
    }
  }

  private void step(String word, Object text) {
    need(['steps'] + POST_WORDS, word)
    if (!agents) throw new IllegalStateException("'$word' needs a workspace, and no agent is held")
    others << text.toString()
  }

  private void registerCredentials() {
    ['file', 'string'].each { kind -> define(kind, [Map]) { values -> [(values.variable): values.credentialsId] } }
    define('gitUsernamePassword', [Map]) { values -> [GIT_ASKPASS: values.credentialsId] }
    define('withCredentials', [List, Closure]) { bound, body ->
      need(['steps'] + POST_WORDS, 'withCredentials')
      credentials << merged(bound)
      try {
        body.call()
      } finally {
        credentials.remove(credentials.size() - 1)
      }
    }
  }

  private static Map merged(List<Map> maps) {
    return maps.inject([:]) { all, some -> all + some }
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

  private void noAgent(Object value) {
    if (value != 'none') throw new IllegalStateException("'agent $value' is not known here")
    open.last().parts.agent = null
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
  private Map inside(String word, Closure body) {
    def node = [word: word, body: true, noted: []]
    within(node, body)
    return node
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
    def parts = partsOf(name, body, isPipeline ? PIPELINE_WORDS : STAGE_WORDS)
    def bodies = parts.keySet().intersect(BODIES)
    if (bodies.size() != 1) throw new IllegalStateException("$name has ${bodies.size()} bodies")
    def before = [agents: agents.toList(), locks: locks.toList(), variables: variables.toList(), stages: stages.toList()]
    try {
      if (!isPipeline) stages << name
      def isTaken = !parts.when || holds(parts.when, name, parts)
      if (parts.options) inside('options', parts.options)
      if (parts.triggers) inside('triggers', parts.triggers)
      if (!isTaken) return
      if (!isPipeline) entered << name
      if (parts.input) ask(parts.input)
      if (parts.agent) inside('agent', parts.agent)
      if (parts.environment) variables << assignments(parts.environment)
      runParts(bodies.first(), parts)
    } finally {
      agents = before.agents
      locks = before.locks
      variables = before.variables
      stages = before.stages
    }
  }

  private void runParts(String word, Map parts) {
    def failed = null
    try {
      runBody(word, parts[word])
    } catch (StageFailed error) {
      failed = error
    }
    if (parts.post) runPost(parts.post, failed)
    if (failed) throw failed
  }

  /** In a script an assignment sets a variable of its binding. */
  private Map assignments(Closure body) {
    def known = binding.variables.keySet().toList()
    inside('environment', body)
    def found = binding.variables.findAll { name, value -> !(name in known) }.collectEntries { name, value -> [name, value as String] }
    found.keySet().each { name -> binding.variables.remove(name) }
    return found
  }

  private void ask(Closure body) {
    question = [:]
    inside('input', body)
    if (agents) throw new IllegalStateException('an agent is held while somebody thinks')
    questions << "${question.message} by ${question.submitter}, locks $locks".toString()
    if (approval != 'given') throw new StageFailed("the question was $approval")
  }

  /** Jenkins takes options (a lock), then an agent, and only then asks for the conditions, unless it is told to do so first. */
  private boolean holds(Closure conditions, String name, Map parts) {
    isSkipped = false
    def first = inside('when', conditions).noted*.keySet().flatten()
    def taken = parts.options ? locksOf(parts.options) : []
    if (taken && !('beforeOptions' in first)) throw new IllegalStateException("$name waits for a lock to be skipped")
    if (parts.agent && !(first.intersect(['beforeAgent', 'beforeOptions']))) {
      throw new IllegalStateException("$name takes an agent to be skipped")
    }
    return !isSkipped
  }

  private List<String> locksOf(Closure options) {
    def before = locks.toList()
    def noted = others.size()
    inside('options', options)
    def found = locks - before
    locks = before
    others = others.take(noted)
    return found
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

  /** A part that fails does not keep the next from running. */
  private void runPost(Closure body, Throwable failed) {
    def parts = partsOf('post', body, POST_WORDS)
    def due = ['always', failed ? 'failure' : 'success', failed ? 'unsuccessful' : null, 'cleanup']
    def problem = null
    for (word in due) {
      try {
        if (word && parts[word]) inside(word, parts[word])
      } catch (StageFailed error) {
        problem = problem ?: error
      }
    }
    if (problem && !failed) throw problem
  }

  static class StageFailed extends RuntimeException {
    StageFailed(String message) { super(message) }
  }
}
