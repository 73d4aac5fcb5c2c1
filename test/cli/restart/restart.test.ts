import t from 'tap';
import { processInterrupts } from '../../../src/cli/options/interrupts.js';
import { restartCommand } from '../../../src/cli/restart/restart.js';
import { isUnsettled, type RestartResult } from '../../../src/cli/restart/result.js';
import { resultText, summaryText } from '../../../src/cli/restart/text.js';
import { styleOf } from '../../../src/cli/text/style.js';
import type { OpenCluster } from '../../../src/cluster/live/open-cluster.js';
import { OutriderError } from '../../../src/model/error.js';
import { storedObjects } from '../../cluster/stored-objects.js';
import { openInMemory, runCommand, type RanCommand } from '../run-command.js';

/** Runs the command in a cluster in memory, or in none. */
function restart(argv: readonly string[], cluster?: Pick<OpenCluster, 'client'>): Promise<RanCommand> {
  const definition = restartCommand({
    open:
      cluster === undefined
        ? () => Promise.reject(new OutriderError('cluster_unavailable', 'none'))
        : openInMemory(cluster.client),
    interrupts: () => ({ signal: new AbortController().signal, end: () => undefined }),
  });
  return runCommand('restart', definition, argv);
}

t.test('what does not go together is wrong usage, before any cluster is asked', async (t) => {
  const table: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /nothing is asked for; name workloads, such as deploy\/web, or give --policy NAME/],
    [['-n', 'shop'], /nothing is asked for/],
    [['deploy/web', '--policy', 'p'], /deploy\/web and --policy are two ways to ask/],
    [['deploy/web', '-A'], /-A is for --policy/],
    [['--policy', 'p', '-A', '-n', 'shop'], /-n and -A are two answers/],
    [['deploy/web', '--max', '0'], /--max is "0"; give a number of workloads, from 1/],
    [['deploy/web', '--max', 'many'], /--max is "many"/],
    [['deploy/web', '--timeout', 'soon'], /--timeout is "soon"; give a duration/],
    [['deploy/web', '--field-manager', ''], /--field-manager must have 1 to 128/],
  ];
  for (const [argv, message] of table) {
    const { code, stderr } = await restart(argv);
    t.equal(code, 2, argv.join(' '));
    t.match(stderr, message);
  }
  t.match(await restart(['deploy/web']), {
    code: 2,
    stderr: 'outrider: error: none [docs/errors.md#cluster_unavailable]\n',
  });
});

t.test('nothing is restarted while the installation stands still', async (t) => {
  const { client } = storedObjects();
  const { code, stderr } = await restart(['deploy/web'], { client });
  t.equal(code, 1);
  t.match(stderr, /nothing is restarted: the API server has no webhook configuration .* see outrider status/);
  const json = await restart(['deploy/web', '-o', 'json'], { client });
  t.match(JSON.parse(json.stdout), {
    dryRun: false,
    stopped: null,
    standstill: /no webhook configuration/,
    results: [],
  });
});

const result: RestartResult = {
  workload: 'deploy/web',
  namespace: 'shop',
  outcome: 'restarted',
  detail: '2 missed of 2 pods before',
};

t.test('each workload is a line, with what helps below', (t) => {
  const style = styleOf(false);
  t.equal(resultText(result, style), '✓ deploy/web -n shop  restarted: 2 missed of 2 pods before\n');
  const failed = { ...result, outcome: 'failed', remedy: 'undo', remark: 'Flux' } as const;
  t.equal(resultText(failed, style), '✗ deploy/web -n shop  failed: 2 missed of 2 pods before\n    Flux\n    undo\n');
  t.match(resultText(failed, styleOf(true)), '\u001b[31m✗\u001b[0m');
  const forged = { ...result, detail: 'a\u001b[31mb\nc\u0007d' };
  t.match(resultText(forged, style), 'restarted: ab cd\n', 'what others wrote is no command to the terminal');
  t.end();
});

t.test('the sum, and why it ended', (t) => {
  const how = { max: 3, programName: 'outrider' };
  t.equal(summaryText({ results: [], stopped: undefined }, how), 'no workload was looked at\n');
  t.match(summaryText({ results: [result], stopped: 'max' }, how), '1 restarted; stopped after 3, as --max says');
  t.match(summaryText({ results: [result], stopped: 'failed' }, how), 'stopped at the first that failed');
  t.match(summaryText({ results: [], stopped: 'interrupted' }, how), 'interrupted: nothing more was restarted');
  t.end();
});

t.test('the exit code says whether something is as it was', (t) => {
  const is = (outcome: RestartResult['outcome']) =>
    isUnsettled({ results: [{ ...result, outcome }], stopped: undefined });
  for (const good of ['restarted', 'would_restart', 'unchanged'] as const) t.notOk(is(good), good);
  for (const bad of ['not_restarted', 'failed', 'interrupted'] as const) t.ok(is(bad), bad);
  t.ok(isUnsettled({ results: [], stopped: 'interrupted' }));
  t.notOk(isUnsettled({ results: [result], stopped: 'max' }));
  t.end();
});

t.test('the first signal is heard, the next one is the system’s again', (t) => {
  const others = process.listenerCount('SIGTERM');
  const heard = processInterrupts();
  const before = process.listenerCount('SIGINT');
  process.emit('SIGINT');
  t.ok(heard.signal.aborted);
  t.equal(process.listenerCount('SIGINT'), before - 1);
  heard.end();
  t.equal(process.listenerCount('SIGTERM'), others);
  t.end();
});
