import t from 'tap';
import { workplace } from '../harness.js';
import { pod, unresolved, withSysdig } from '../manifests.js';

const fleet = JSON.stringify({
  apiVersion: 'agones.dev/v1',
  kind: 'Fleet',
  metadata: { name: 'f' },
  spec: { template: { spec: { containers: [{ name: 'web', image: 'a/web:1', command: ['/app'] }] } } },
});
const half = `${pod}    - name: other\n      image: acme/other:1\n`;
const files = { 'good.yaml': pod, 'skip.yaml': unresolved, 'partial.yaml': half, 'fleet.json': fleet };

t.test('W21: exit codes by what is found and what counts, for each way of asking', async (t) => {
  const place = await workplace(t, files);
  const found = { good: [], skip: ['skip'], partial: ['partial'], fleet: ['not-looked-at'] } as const;
  const asked = [
    '',
    'skip',
    'partial',
    'not-looked-at',
    'skip,partial',
    'partial, not-looked-at',
    'skip,partial,not-looked-at',
  ];
  for (const [name, finds] of Object.entries(found)) {
    const file = name === 'fleet' ? 'fleet.json' : `${name}.yaml`;
    for (const what of asked) {
      const option = what === '' ? [] : ['--fail-on', what];
      for (const form of [[], ['--report', 'json'], ['-q'], ['-o', 'diff']]) {
        const argv = ['inject', '-f', file, ...withSysdig, ...option, ...form];
        const { code, stdout } = await place.outrider(argv);
        const wanted = finds.some((each) => what.split(/, ?/).includes(each)) ? 1 : 0;
        t.equal(code, wanted, argv.join(' '));
        if (!form.includes('diff')) t.not(stdout, '', 'what is done is given out all the same');
      }
    }
  }
  const several = ['inject', '-f', '.', ...withSysdig, '--fail-on', 'skip', '--fail-on', 'partial'];
  const { code, stderr } = await place.outrider(several);
  t.equal(code, 1);
  t.match(stderr, /\noutrider: error: 1 skip and 1 partial: exit code 1\.\n/);
  t.match(stderr, /4 changed|2 changed, 1 not looked at\./);
});

t.test(
  'W21: under Security what was not looked at counts unasked, and a skip that the policy allows does not',
  async (t) => {
    const place = await workplace(t, files);
    const strict = [...withSysdig, '--prefer', 'Security'];
    const code = async (...argv: readonly string[]) => (await place.outrider(['inject', ...strict, ...argv])).code;
    t.equal(await code('-f', 'good.yaml'), 0);
    for (const file of ['skip.yaml', 'partial.yaml', 'fleet.json']) {
      for (const form of [[], ['--check'], ['-q'], ['--report', 'json']])
        t.equal(await code('-f', file, ...form), 1, file);
    }
    t.equal(await code('-f', 'fleet.json', '--set', 'spec.mode=Report'), 0, 'a policy that only reports fails nothing');
    t.equal(await code('-f', 'fleet.json', '--template-path', 'Fleet=spec.template'), 0, 'it was looked at');
    const allowed = ['-f', 'skip.yaml', '--set', 'spec.onUnresolvedImage=Skip'];
    t.equal(await code(...allowed), 0);
    t.equal(await code(...allowed, '--fail-on', 'skip'), 1, 'but where it is asked for');
    t.equal(
      (await place.outrider(['inject', '-f', 'fleet.json', ...withSysdig, '--check'])).code,
      0,
      'under Availability',
    );
  },
);

t.test('W21: --fail-on names what there is', async (t) => {
  const place = await workplace(t, files);
  const { code, stderr } = await place.outrider([
    'inject',
    '-f',
    'good.yaml',
    ...withSysdig,
    '--fail-on',
    'skip,skips',
  ]);
  t.equal(code, 2);
  t.match(stderr, '--fail-on skips: there are skip, partial, not-looked-at, several with commas.');
});

t.test('W21: an input without any document is named', async (t) => {
  const place = await workplace(t, { 'a.yaml': '# nothing\n', 'b.yaml': '', 'good.yaml': pod });
  for (const [argv, stdin, detail] of [
    [['-f', '-'], '', 'standard input is empty'],
    [['-f', '-'], '---\n# none\n', 'standard input is empty'],
    [['-f', 'a.yaml'], '', 'the file is empty'],
    [['-f', 'a.yaml', '-f', 'b.yaml'], '', 'every file is empty'],
  ] as const) {
    const run = async (...more: readonly string[]) =>
      place.outrider(['inject', ...argv, ...withSysdig, ...more], { stdin });
    const { code, stderr } = await run();
    t.equal(code, 0);
    t.match(stderr, `not_looked_at\n    ${detail}\n    fix: `);
    t.match(stderr, '0 pod templates: 0 inject, 0 partial, 0 skip; 0 changed, 1 not looked at.');
    t.equal((await run('--fail-on', 'not-looked-at')).code, 1);
    t.equal((await run('--prefer', 'Security', '--check')).code, 1);
  }
  const beside = await place.outrider(['inject', '-f', '.', ...withSysdig, '--prefer', 'Security', '-q']);
  t.equal(beside.code, 0, 'an empty file beside another is none');
});

t.test('W30: a report in JSON is JSON and nothing else, whatever happens', async (t) => {
  const dockerrun = JSON.stringify({
    AWSEBDockerrunVersion: 2,
    containerDefinitions: [{ name: 'web', image: 'a/web:1', entryPoint: ['/app'] }],
  });
  const place = await workplace(t, { ...files, 'Dockerrun.aws.json': dockerrun });
  const report = async (...argv: readonly string[]) => {
    const { code, stderr } = await place.outrider(['inject', ...withSysdig, '--report', 'json', ...argv]);
    return { code, json: JSON.parse(stderr) as unknown };
  };
  t.match(await report('-f', 'skip.yaml', '--prefer', 'Security'), {
    code: 1,
    json: { templates: [{ decision: 'deny', reason: 'image_unresolved', changed: false }], summary: { denied: 1 } },
  });
  t.match(await report('-f', 'fleet.json', '-f', 'skip.yaml', '--fail-on', 'skip,not-looked-at'), {
    code: 1,
    json: {
      notLookedAt: [
        {
          file: 'fleet.json',
          document: 1,
          line: 1,
          pointer: '/spec/template/spec/containers',
          kind: 'Fleet',
          name: 'f',
          reason: 'not_looked_at',
          detail: /not known/,
          remedy: /--template-path/,
        },
      ],
      failedOn: ['skip', 'not-looked-at'],
      summary: { notLookedAt: 1, skip: 1 },
    },
  });
  const secret = ['--set', 'accessKeySecretArn=arn:aws:ssm:us-east-1:1:parameter/k'];
  const eb = await report('-f', 'Dockerrun.aws.json', ...secret, '--fail-on', 'skip');
  t.match(eb, { code: 0, json: { hints: [/--undo-file FILE/], summary: { changed: 1 } } });
  const calm = await report('-f', 'good.yaml');
  t.notMatch(JSON.stringify(calm.json), /"(?:notLookedAt":\[|failedOn|hints)/);
});
