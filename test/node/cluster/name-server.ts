/*
 * The cluster's name server, with an address for what pods ask for by name: the registry, and Services of the cluster.
 * A Service's name stands for the addresses of its ready pods, as a headless one's does: there is no kube-proxy.
 *
 *   node name-server.js KUBECONFIG
 */
import { createSocket } from 'node:dgram';
import { isObject, listOf, objectOf, stringOf } from '../../../src/model/json.js';
import { createApiClient, type ApiClient } from '../../../src/cluster/client/api-client.js';
import { Connection } from '../../../src/cluster/client/connection.js';
import { loadKubeConfig } from '../../../src/cluster/client/kube-config.js';
import { pathOf } from '../../../src/cluster/client/resources.js';
import { clusterDomain, nodeAddress, registryHost } from './layout.js';

const endpointSlices = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', kind: 'EndpointSlice' };
const headerBytes = 12;
const typeA = 1;
const noSuchName = 3;

/** What a client asks for. */
interface Question {
  readonly name: string;
  readonly type: number;
  /** Where its bytes end in the message. */
  readonly end: number;
}

/** @throws RangeError for a message that ends too early */
function questionIn(message: Buffer): Question {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** @param addresses of the name; `undefined` when there is no such name */
function answerTo(message: Buffer, { type, end }: Question, addresses: readonly string[] | undefined): Buffer {
  const answers = type === typeA ? (addresses ?? []) : [];
  const header = Buffer.alloc(headerBytes);
  message.copy(header, 0, 0, 2);
  // An authoritative answer, with recursion requested and available.
  header.writeUInt16BE(0x8480 | (message.readUInt16BE(2) & 0x0100) | (addresses === undefined ? noSuchName : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  const records = answers.map((address) =>
    // The name is the question's; class IN, for one second, four bytes.
    Buffer.from([0xc0, headerBytes, 0, typeA, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, message.subarray(headerBytes, end), ...records]);
}

async function addressesOf(client: ApiClient, name: string): Promise<readonly string[] | undefined> {
  if (name === registryHost.replace(/:.*/, '')) return [nodeAddress];
  if (!name.endsWith(`.svc.${clusterDomain}`)) return undefined;
  const [service = '', namespace = '', svc] = name.split('.');
  if (svc !== 'svc') return undefined;
  const query = { labelSelector: `kubernetes.io/service-name=${service}` };
  const { items } = await client.list(pathOf(endpointSlices, { namespace }), { query });
  if (items.length === 0) return undefined;
  return items
    .flatMap((slice) => listOf(slice['endpoints']).filter(isObject))
    .filter((endpoint) => objectOf(endpoint['conditions'])?.['ready'] === true)
    .flatMap((endpoint) => listOf(endpoint['addresses']).flatMap((address) => stringOf(address) ?? []));
}

const client = createApiClient(new Connection(loadKubeConfig({ kubeconfig: process.argv[2] ?? '' })), 'name-server');
const socket = createSocket('udp4');
socket.on('message', (message, { address, port }) => {
  const answer = async (): Promise<void> => {
    const question = questionIn(message);
    socket.send(answerTo(message, question, await addressesOf(client, question.name)), port, address);
  };
  // Whoever asked asks again.
  answer().catch((error: unknown) => console.error(error));
});
socket.bind(53, nodeAddress);
