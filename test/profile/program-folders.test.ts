import t from 'tap';
import { profileSchema, type ProfileInput, type ProfileSpec } from '../../src/model/profile.js';
import { checkProfile } from '../../src/profile/check.js';
import { programFolders } from '../../src/profile/program-folders.js';

function specOf(wrapper: string | undefined, folders: readonly string[], more: Partial<ProfileInput['spec']> = {}) {
  return profileSchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationProfile',
    metadata: { name: 'acme' },
    spec: {
      version: '1',
      image: 'acme/agent:1',
      ...(wrapper === undefined ? {} : { wrapper: { argv: [wrapper] } }),
      volume: {
        name: 'acme',
        mountPath: '/opt/acme',
        programFolders: folders,
        copy: { name: 'acme-copy', from: '/opt/acme' },
      },
      ...more,
    },
  });
}

function foldersOf({ volume, wrapper }: ProfileSpec): readonly string[] {
  return volume === undefined ? [] : programFolders(volume, wrapper).map(({ name, folder }) => `${name} ${folder}`);
}

t.test('F3: the wrapper’s folder is the first, each further one has a volume of its own', (t) => {
  t.same(foldersOf(specOf('/opt/acme/bin/run', []).spec), ['acme-bin bin']);
  t.same(foldersOf(specOf('/opt/acme/lib/a b/run', ['libexec', 'x/y']).spec), [
    'acme-bin lib/a b',
    'acme-bin2 libexec',
    'acme-bin3 x/y',
  ]);
  t.same(foldersOf(specOf('/opt/acme/run', []).spec), [], 'the root is the volume itself');
  t.same(foldersOf(specOf('/opt/acme/run', ['libexec']).spec), ['acme-bin libexec']);
  t.same(foldersOf(specOf(undefined, []).spec), []);
  t.end();
});

t.test('a folder that can have no volume of its own is refused', (t) => {
  const problems = (wrapper: string, ...folders: readonly string[]) =>
    checkProfile(specOf(wrapper, folders)).map(({ field, message }) => `${field ?? ''}: ${message}`);
  t.same(problems('/opt/acme/bin/run', 'libexec', 'lib/programs'), []);
  for (const folder of ['', '/libexec', 'libexec/', 'a//b', './a', 'a/..', '..', 'a:b']) {
    t.match(
      problems('/opt/acme/bin/run', folder),
      [/programFolders\[0\]: .*; give a folder from \/opt\/acme on/],
      folder,
    );
  }
  t.match(problems('/opt/acme/bin/run', '.outrider/x'), [/which is Outrider’s own; give another/]);
  for (const folder of ['bin', 'bin/more']) {
    t.match(problems('/opt/acme/bin/run', folder), [/and bin is a folder of programs too/], folder);
  }
  t.match(problems('/opt/acme/run', 'a/b', 'c', 'a'), [/programFolders\[2\]: .* and a\/b is a folder of programs too/]);
  t.end();
});

t.test('no volume of the node has the name of a folder’s', (t) => {
  const profile = specOf('/opt/acme/bin/run', [], { hostVolumes: [{ name: 'acme-bin', path: '/proc' }] });
  t.match(checkProfile(profile), [{ field: 'spec.hostVolumes[0].name' }]);
  t.end();
});
