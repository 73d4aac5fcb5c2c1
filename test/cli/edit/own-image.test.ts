import t from 'tap';
import { parsedJson, objectOf } from '../../../src/model/json.js';
import { version } from '../../../src/model/version.js';
import { workplace } from '../harness.js';
import { pod, withSysdig } from '../manifests.js';

const usual = `ghcr.io/outrider/outrider:${version}`;
const datadog = ['--profile', 'datadog', '--set', 'site=datadoghq.eu'];

t.test('U3: what comes out says which image of ours it needs, and where that comes from', async (t) => {
  const place = await workplace(t, { 'pods.yaml': `${pod}---\n${pod.replace('one', 'two')}` });
  const said = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { stdout, stderr } = await place.outrider(['inject', '-f', 'pods.yaml', ...argv], { env });
    const notes = stderr.split('\n').filter((line) => line.startsWith('note: '));
    t.ok(notes.length <= 1, 'once');
    const [, image] = /own image, (\S+) \(/.exec(notes[0] ?? '') ?? [];
    if (image !== undefined) t.match(stdout, `image: ${image}\n`, 'it is what stands there');
    return notes[0] ?? '';
  };
  t.match(await said(withSysdig), `note: 2 pod templates need Outrider’s own image, ${usual} (the default): `);
  t.match(await said(withSysdig), `--tools-image REGISTRY/outrider:${version}`);
  const mine = 'registry.example.com/outrider:1';
  t.match(await said([...withSysdig, '--tools-image', mine]), `${mine} (from --tools-image).`);
  t.match(await said(withSysdig, { OUTRIDER_TOOLS_IMAGE: mine }), `${mine} (from OUTRIDER_TOOLS_IMAGE).`);
  const moved = ['--image-rewrite', 'ghcr.io/=mirror.example.com/'];
  t.match(await said([...withSysdig, ...moved]), `mirror.example.com/outrider/outrider:${version} (the default)`);
  t.equal(await said([...withSysdig, '-q']), '');
  t.equal(await said([...withSysdig, '--check']), '', 'nothing comes out');
  t.equal(await said([...withSysdig, '--set', 'spec.mode=Off']), '');
});

t.test('U3: none is named where the delivery needs none', async (t) => {
  const place = await workplace(t, { 'pod.yaml': pod });
  const needed = async (...argv: readonly string[]): Promise<unknown> => {
    const { stdout, stderr } = await place.outrider(['inject', '-f', 'pod.yaml', '--report', 'json', ...argv]);
    const { ownImage } = objectOf(parsedJson(stderr)) ?? {};
    t.equal(stdout.includes(usual), ownImage !== undefined);
    return ownImage;
  };
  t.same(await needed(...withSysdig), { image: usual, from: 'default', templates: 1 });
  t.match(await needed(...datadog), { image: usual }, 'the stub wants a shell');
  t.equal(await needed(...datadog, '--prefer', 'Security'), undefined, 'the vendor’s own command');
  const volume = ['--set', 'spec.delivery=ImageVolume', '--image-volumes'];
  t.equal(await needed(...withSysdig, ...volume, '--prefer', 'Security'), undefined, 'an image volume');
});
