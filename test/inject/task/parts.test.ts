import t from 'tap';
import { isObject, listOf, objectOf, parsedJson, type JsonObject } from '../../../src/model/json.js';
import { engineWith, injectText } from '../../engine/tasks.js';

const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:registry-AbCdEf';
const web = { name: 'web', image: 'acme/web:1', entryPoint: ['/web'] };
const envoy = { name: 'proxy', image: 'public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.12.1-prod', entryPoint: ['/e'] };

function containersOf(text: string): readonly JsonObject[] {
  const root = objectOf(parsedJson(text));
  const template = objectOf(objectOf(objectOf(root?.['Resources'])?.['T'])?.['Properties']);
  return listOf(root?.['containerDefinitions'] ?? template?.['ContainerDefinitions']).filter(isObject);
}

const taskOf = (fields: JsonObject, ...containers: readonly JsonObject[]): string =>
  JSON.stringify({ family: 't', requiresCompatibilities: ['FARGATE'], ...fields, containerDefinitions: containers });

t.test('W35: registry credentials, cpu and memory of the agent are settings', async (t) => {
  const settings = { accessKeySecretArn: '/k', registryCredentialsArn: arn, taskCpu: 256, taskMemoryMiB: 512 };
  const wanted = { cpu: 256, memory: 512, repositoryCredentials: { credentialsParameter: arn } };
  for (const profile of ['sysdig', 'datadog']) {
    const engine = engineWith(profile, profile === 'sysdig' ? { region: 'us2', ...settings } : settings);
    const { text } = await injectText(taskOf({ memory: '1024' }, web), engine);
    const added = containersOf(text).slice(1);
    t.match(added.at(-1), wanted, profile);
    for (const each of added) t.match(each, { repositoryCredentials: { credentialsParameter: arn } });
    t.equal(containersOf(text)[0]?.['repositoryCredentials'], undefined, 'the workload’s image is not ours');
    t.equal((await injectText(text, engine)).text, text);
    const plain = engineWith(profile, profile === 'sysdig' ? { region: 'us2' } : {});
    for (const each of containersOf((await injectText(taskOf({ memory: '1024' }, web), plain)).text)) {
      t.notOk('repositoryCredentials' in each || 'cpu' in each || 'memory' in each, 'nothing is written unasked');
    }
  }
});

t.test('W35: credentials that a template fills in, and what is set of an agent that is there', async (t) => {
  const engine = engineWith('sysdig', { region: 'us2', registryCredentialsArn: '${Pull}', taskMemoryMiB: 512 });
  const template = JSON.stringify({
    Resources: {
      T: {
        Type: 'AWS::ECS::TaskDefinition',
        Properties: { ContainerDefinitions: [{ Name: 'web', Image: 'a', EntryPoint: ['/x'] }] },
      },
    },
  });
  const { text } = await injectText(template, engine);
  t.match(containersOf(text).at(-1), {
    Memory: 512,
    RepositoryCredentials: { CredentialsParameter: { 'Fn::Sub': '${Pull}' } },
  });
  await t.rejects(injectText(taskOf({}, web), engine), {
    message: /registryCredentialsArn is \$\{Pull\}, which only a Cloud/,
  });
  const there = { name: 'SysdigInstrumentation', image: 'quay.io/sysdig/workload-agent:6', memory: 1024 };
  const sized = engineWith('sysdig', { region: 'us2', taskMemoryMiB: 512, taskCpu: 128 });
  const after = containersOf((await injectText(taskOf({}, web, there), sized)).text);
  t.match(after.at(-1), { memory: 1024, cpu: 128 }, 'what it says itself stays');
});

t.test('W35: the mesh’s proxy is left alone, by its image and by what the task calls its proxy', async (t) => {
  const settings = { region: 'us2', accessKeySecretArn: '/k' };
  const trusting = engineWith('sysdig', settings);
  const named = { proxyConfiguration: { type: 'APPMESH', containerName: 'proxy', properties: [] } };
  for (const text of [taskOf({}, web, envoy), taskOf(named, web, { ...envoy, image: 'acme/mesh:1' })]) {
    const { outcomes } = await injectText(text, trusting);
    t.match(outcomes[0]?.decision, { decision: 'inject', detail: 'web' });
    const strict = engineWith('sysdig', settings, { prefer: 'Security' });
    const there = (await injectText(text, strict)).outcomes[0]?.plan?.workload.map(({ container }) => container.name);
    t.same(there, ['web', 'proxy'], 'where the author is not trusted, a name or an image excuses nobody');
  }
  const debug = { name: 'linkerd-debug', image: 'cr.l5d.io/linkerd/debug:edge', entryPoint: ['/d'] };
  t.match((await injectText(taskOf({}, web, debug), trusting)).outcomes[0]?.decision, {
    decision: 'inject',
    detail: 'web',
  });
  const own = { ...envoy, image: 'envoyproxy/envoy:v1.30', name: 'envoy' };
  const both = (await injectText(taskOf({}, web, own), trusting)).outcomes[0]?.plan?.workload;
  t.equal(both?.length, 2, 'an Envoy that is the workload is traced');
});
