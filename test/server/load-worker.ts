// Sends reviews from a thread of its own: a client on the server's own thread never asks while an answer is still written.
import { parentPort } from 'node:worker_threads';
import { load } from '../bench/load.js';

const [port, ca = '', body = '', answersWith = ''] = process.argv.slice(2);
await load({ port: Number(port), ca, path: '/mutate/pods', bodies: [body], count: 60, connections: 1, answersWith });
parentPort?.postMessage('done');
