// Commands and options that people know from other programs, and what to type here.
import type { CommanderError } from 'commander';
import { nearest } from '../model/nearest.js';

/** Commands of other programs, each with what does the same here. `OUTRIDER` is replaced by the program's name. */
const commandHabits: Readonly<Record<string, string>> = {
  check: 'to see whether something would change, OUTRIDER inject FILE --check; in a cluster, OUTRIDER status',
  validate: 'to check manifests, OUTRIDER inject FILE --check; policies are checked as they are read, with --policy',
  lint: 'to check manifests, OUTRIDER inject FILE --check',
  diff: 'OUTRIDER inject FILE -o diff shows what would change',
  'dry-run': 'OUTRIDER inject FILE -o diff shows what would change',
  apply: 'OUTRIDER inject FILE | kubectl apply -f -',
  install: 'Outrider is installed by its Helm chart: helm install, see docs/install.md',
  upgrade: 'Outrider is upgraded by its Helm chart: helm upgrade, see docs/install.md',
  uninstall: 'Outrider is removed by its Helm chart: helm uninstall, see docs/install.md',
  remove: 'OUTRIDER uninject FILE takes out what inject put in',
  eject: 'OUTRIDER uninject FILE takes out what inject put in',
  undo: 'OUTRIDER uninject FILE takes out what inject put in',
  describe: 'OUTRIDER explain deploy/web says what happens to a workload, and why',
  why: 'OUTRIDER explain deploy/web says what happens to a workload, and why',
  get: 'kubectl get instrumentationpolicies lists the policies, and OUTRIDER status what they do',
  list: 'OUTRIDER coverage -A lists the workloads that lack something',
  logs: 'kubectl -n outrider-system logs deployment/outrider shows the logs',
  rollout: 'OUTRIDER restart deploy/web gives a workload new pods',
  stop: 'OUTRIDER pause stops it for a while',
  disable: 'OUTRIDER pause stops it for a while',
  enable: 'OUTRIDER resume ends a pause',
  start: 'OUTRIDER serve runs the webhook, and OUTRIDER resume ends a pause',
};

/** Says that there is no such command, and which one is meant. */
export function unknownCommand(word: string, names: readonly string[], programName: string): string {
  const shown = JSON.stringify(word);
  const habit = Object.hasOwn(commandHabits, word) ? commandHabits[word] : undefined;
  if (habit !== undefined) return `there is no command ${shown}; ${habit.replaceAll('OUTRIDER', programName)}.`;
  const close = nearest(word, names);
  if (close !== undefined) return `there is no command ${shown}; did you mean ${programName} ${close}?`;
  return `there is no command ${shown}; ${programName} --help lists them.`;
}

const offline = 'COMMAND works on files and asks no cluster; leave it out';
const kustomize = 'render first: kubectl kustomize DIR | OUTRIDER COMMAND -f -';
const noDryRun =
  'COMMAND writes no file unless --in-place is given; --check says whether something would change, and -o diff what';
const whole = 'COMMAND is about one workload or one namespace; OUTRIDER coverage -A looks at all';
const noWatch = 'it looks once; OUTRIDER status -w goes on, and watch OUTRIDER COMMAND … works for the others';
const noSelector = 'COMMAND takes no label selector';

const notHere = {
  inject: offline,
  uninject: offline,
  doctor: 'COMMAND takes --context and --kubeconfig alone; put the rest into a context',
  '*': 'COMMAND asks no cluster; leave it out',
};

/** Options of other programs, by option and then by command, `*` for all others. */
const optionHabits: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '-k': { '*': kustomize },
  '--kustomize': { '*': kustomize },
  '--dry-run': { inject: noDryRun, uninject: noDryRun, '*': 'there is none for COMMAND' },
  '-A': {
    inject: offline,
    uninject: offline,
    explain: whole,
    verify:
      'a look into every pod of a cluster takes long; give -n NAMESPACE, or --policy NAME for all namespaces of a policy',
    '*': 'COMMAND has no use for it',
  },
  '-l': {
    status: `${noSelector}; an installation is given with -n and --instance`,
    inject: 'give the files to inject instead; kubectl get deploy -l KEY=VALUE -o yaml | OUTRIDER inject -f -',
    coverage: `${noSelector}; name a workload to OUTRIDER explain, or a namespace with -n`,
    restart: `${noSelector}; name workloads, such as deploy/web, or give --policy NAME`,
    '*': noSelector,
  },
  '-w': { '*': noWatch },
  '--as': notHere,
  '--as-group': notHere,
  '--token': notHere,
  '--request-timeout': notHere,
  '--context': notHere,
  '--kubeconfig': notHere,
};

const longForms: Readonly<Record<string, string>> = {
  '--all-namespaces': '-A',
  '--all': '-A',
  '--selector': '-l',
  '--watch': '-w',
};

/** What to do with an argument of a command that is about the whole installation. */
const argumentHabits: Readonly<Record<string, string>> = {
  pause:
    'It is for a whole installation: one workload is left alone by the label outrider.dev/inject=disabled, where its policy lets it opt out.',
  resume: 'It is for a whole installation.',
  status: 'It is about an installation, given with -n; OUTRIDER explain deploy/web is about one workload.',
};

/** Commander's complaint as one sentence, and what to type instead, if that is known. */
export function usageMessage(error: CommanderError, command: string | undefined, programName: string): string {
  const text = error.message
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    // The value may be a secret, of an option that is spelled wrongly.
    .replace(/^(unknown option '[^'=]+)=.*'(?=$| \(Did you mean )/, "$1'")
    .replace(/\.$/, '');
  const [, crowded = ''] = /^too many arguments for '([a-z]+)'/.exec(text) ?? [];
  const wholes = argumentHabits[crowded];
  if (wholes !== undefined) return `${closed(text)} ${wholes.replaceAll('OUTRIDER', programName)}`;
  const [, option = ''] = /^unknown option '([^'=]+)/.exec(text) ?? [];
  const row = optionHabits[longForms[option] ?? option];
  const habit = command === undefined ? undefined : (row?.[command] ?? row?.['*']);
  if (habit === undefined || command === undefined) return closed(text);
  const said = habit.replaceAll('OUTRIDER', programName).replaceAll('COMMAND', command);
  return `unknown option '${option}'; ${said}.`;
}

/** With a full stop, unless it ends in a question. */
function closed(text: string): string {
  return /[.?)]$/.test(text) ? text : `${text}.`;
}
