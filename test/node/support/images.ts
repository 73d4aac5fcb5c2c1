import { busyboxFiles, imageName, pushImage, toolsFiles, type Image } from './image.js';

const programs = [
  'sh',
  'cat',
  'rm',
  'su',
  'chmod',
  'env',
  'grep',
  'httpd',
  'id',
  'kill',
  'ls',
  'nc',
  'pwd',
  'sleep',
  'stat',
  'touch',
  'wget',
];

/** Prints its own name and arguments, one a line in brackets, and then stays until it is told to go. */
const show = `#!/bin/sh
for word in "$0" "$@"; do printf '[%s]\\n' "$word"; done
trap 'exit 0' TERM
echo 'that was all'
sleep 1000 & wait
`;

/** What application images have in common: programs, and `show` in places where images are known to put theirs. */
const files: Image['files'] = {
  'etc/passwd': { text: 'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n', mode: 0o644 },
  'etc/group': { text: 'root:x:0:\nuser:x:1000:\n', mode: 0o644 },
  ...busyboxFiles(...programs),
  'bin/show': { text: show },
  'opt/app/start': { text: show },
  'odd/place/found-on-path': { text: show },
  'www/index.html': { text: 'the application answers\n' },
};

/** The stand-in under every path that it goes by. */
export const agentFiles = (agent: string): Image['files'] => ({
  'opt/draios/bin/instrument': { copyOf: agent },
  'opt/draios/bin/sidecar': { copyOf: agent },
  'cws-instrumentation': { copyOf: agent },
  'stand-in': { copyOf: agent },
});

/** Names of the images that every test file finds in the registry. */
export const images = {
  /** What Outrider's own image has of what pods need. */
  tools: imageName('outrider'),
  /** The stand-in under Sysdig's paths. */
  agent: imageName('agent'),
  /** The stand-in as Datadog's Agent, and as its tracer. */
  datadogAgent: imageName('datadog-agent'),
  datadogTracer: imageName('cws-instrumentation'),
  /** A web server by ENTRYPOINT and CMD: answers on port 8080. */
  web: imageName('web'),
  /** The programs, and `setuid` and `filecaps`, which say what they gain by a setuid bit and by a file capability. */
  privileged: imageName('privileged'),
  /** The stand-in with a file that only root can read. */
  rootOnlyAgent: imageName('root-only-agent'),
  /** Programs, and no ENTRYPOINT. */
  box: imageName('box'),
} as const;

/**
 * Makes them and pushes them.
 * @param agent the path of the stand-in agent, a static program
 * @param privileges the path of a program that prints what it may do, likewise
 */
export async function pushImages(agent: string, privileges: string): Promise<void> {
  const gaining: Image['files'] = {
    'bin/setuid': { copyOf: privileges, mode: 0o4755 },
    'bin/filecaps': { copyOf: privileges, capabilities: 'cap_net_bind_service+ep' },
  };
  const secret: Image['files'] = { 'opt/draios/secret': { text: 'for root', mode: 0o600 } };
  const sidecar = { Entrypoint: ['/opt/draios/bin/sidecar'] };
  await Promise.all([
    pushImage('outrider', { files: toolsFiles(), config: { User: '65532:65532' } }),
    pushImage('agent', { files: agentFiles(agent), config: sidecar }),
    pushImage('root-only-agent', { files: { ...agentFiles(agent), ...secret }, config: sidecar }),
    pushVariant('privileged', { Env: ['PATH=/bin'] }, gaining),
    pushImage('datadog-agent', {
      files: { 'stand-in': { copyOf: agent } },
      config: { Entrypoint: ['/stand-in', 'agent'] },
    }),
    pushImage('cws-instrumentation', { files: { 'cws-instrumentation': { copyOf: agent } }, config: {} }),
    pushImage('web', { files, config: { Entrypoint: ['/bin/httpd', '-f'], Cmd: ['-p', '8080', '-h', '/www'] } }),
    pushImage('box', { files, config: { Env: ['PATH=/bin'] } }),
  ]);
}

/** Pushes an image with the common files and a configuration of its own. */
export function pushVariant(name: string, config: Image['config'], more: Image['files'] = {}): Promise<string> {
  return pushImage(name, { files: { ...files, ...more }, config });
}
