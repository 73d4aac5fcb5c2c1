import t from 'tap';
import { parseOsImage, parseOsRelease } from '../../src/doctor/distribution.js';
import { judgeNodeAgent } from '../../src/doctor/node-agent.js';
import { atLeast, parseVersion } from '../../src/doctor/version.js';

t.test('versions in the forms that nodes have them in', (t) => {
  const cases: readonly (readonly [string, readonly number[] | undefined])[] = [
    ['v1.33.5-eks-113cf36', [1, 33, 5]],
    ['containerd://2.1.4-k3s1', [2, 1, 4]],
    ['cri-o://1.31.12-2.rhaos4.18', [1, 31, 12]],
    ['3.10.0-1160.el7.x86_64', [3, 10, 0]],
    ['6.6.105+', [6, 6, 105]],
    ['1.30', [1, 30, 0]],
    ['', undefined],
    ['unknown', undefined],
  ];
  for (const [text, version] of cases) t.same(parseVersion(text), version, text);
  t.ok(atLeast([1, 30, 0], [1, 30, 0]));
  t.ok(atLeast([2, 0, 0], [1, 6, 7]));
  t.notOk(atLeast([1, 6, 6], [1, 6, 7]));
  t.notOk(atLeast([1, 5, 9], [1, 6, 0]));
  t.end();
});

t.test('os-release, quoted in every way', (t) => {
  t.same(parseOsRelease('NAME="Ubuntu"\nVERSION_ID="22.04"\nID=ubuntu\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n'), {
    id: 'ubuntu',
    version: '22.04',
    name: 'Ubuntu 22.04.5 LTS',
  });
  t.same(parseOsRelease("ID='alpine'\r\nVERSION_ID=3.20.1\r\n# ID=x\r\n"), {
    id: 'alpine',
    version: '3.20.1',
    name: 'alpine 3.20.1',
  });
  t.same(parseOsRelease(''), { id: '', version: '', name: '' });
  t.equal(parseOsRelease('ID="amzn"\nVERSION_ID="2018.03"').id, 'amzn-ami');
  t.end();
});

t.test('which kernels and distributions can take the node agent', (t) => {
  const cases: readonly (readonly [kernel: string, image: string, fit: 'yes' | 'unlisted' | 'no'])[] = [
    ['6.1.155-176.282.amzn2023.x86_64', 'Amazon Linux 2023.9.20251014', 'yes'],
    ['4.14.355-277.643.amzn2.x86_64', 'Amazon Linux 2', 'yes'],
    ['4.14.336-180.562.amzn1.x86_64', 'Amazon Linux AMI 2018.03', 'unlisted'],
    ['5.4.0-216-generic', 'Ubuntu 18.04.6 LTS', 'yes'],
    ['4.15.0-142-generic', 'Ubuntu 16.04.7 LTS', 'unlisted'],
    ['4.19.0-27-amd64', 'Debian GNU/Linux 10 (buster)', 'yes'],
    ['4.9.0-19-amd64', 'Debian GNU/Linux 9 (stretch)', 'no'],
    ['5.14.21-150500.55.110-default', 'SUSE Linux Enterprise Server 15 SP5', 'yes'],
    ['6.11.4-301.fc41.x86_64', 'Fedora Linux 41 (Server Edition)', 'yes'],
    ['5.15.0-311.185.9.el9uek.x86_64', 'Oracle Linux Server 9.5', 'yes'],
    ['3.10.0-1160.119.1.el7.x86_64', 'CentOS Linux 7 (Core)', 'yes'],
    ['3.10.0-957.el7.x86_64', 'Red Hat Enterprise Linux Server 7.6 (Maipo)', 'yes'],
    ['3.10.0-862.el7.x86_64', 'CentOS Linux 7 (Core)', 'no'],
    ['3.10.0-1160.el7.x86_64', 'Ubuntu 22.04', 'no'],
    ['5.15.167.4-microsoft-standard-WSL2', 'Ubuntu 22.04.5 LTS', 'unlisted'],
    ['6.12.51-talos', 'Talos (v1.11.3)', 'unlisted'],
    ['6.6.105+', 'Container-Optimized OS from Google', 'unlisted'],
    ['', 'Ubuntu 22.04.5 LTS', 'no'],
  ];
  for (const [kernel, image, fit] of cases) {
    t.equal(judgeNodeAgent(kernel, parseOsImage(image)).fit, fit, `${kernel} on ${image}`);
  }
  t.match(judgeNodeAgent('6.6.105+', parseOsImage('Container-Optimized OS from Google')).detail, /preview/);
  t.end();
});

t.test('the CoreOS variants are told by more than their ID', (t) => {
  t.equal(parseOsRelease('ID=fedora\nVERSION_ID=42\nVARIANT_ID=coreos\n').id, 'fcos');
  t.equal(parseOsRelease('ID="rhel"\nVERSION_ID="9.6"\nVARIANT_ID=coreos\n').id, 'rhcos');
  t.equal(parseOsRelease('ID=fedora\nVERSION_ID=42\nVARIANT_ID=server\n').id, 'fedora');
  t.end();
});

t.test('a pre-release comes before its version; a vendor’s suffix does not', (t) => {
  const before = ['v1.35.0-alpha.1', 'v1.35.0-rc.0+abc', '1.35.0~rc1', '1.35.0-dev', '1.35-beta.2'];
  const after = ['v1.35.0-eks-1', 'v1.35.0-gke.1', 'v1.35.0+k3s1', '1.35.0-1', '1.35.0-generic', '1.35.1-rc.1'];
  const is = (text: string) => {
    const version = parseVersion(text);
    return version !== undefined && atLeast(version, [1, 35, 0]);
  };
  for (const text of before) t.notOk(is(text), text);
  for (const text of after) t.ok(is(text), text);
  t.end();
});
