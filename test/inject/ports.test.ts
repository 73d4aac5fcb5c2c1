import t from 'tap';
import { portTaken, takenPort } from '../../src/inject/ports.js';
import type { AgentPort } from '../../src/model/recipe.js';

const ports: readonly AgentPort[] = [
  { number: 5678, protocol: 'TCP', setting: 'probeAddress' },
  { number: 8125, protocol: 'UDP' },
];

t.test('W11: a number of TCP and the same of UDP are two ports', (t) => {
  t.equal(takenPort(ports, 5678, 'TCP'), ports[0]);
  t.equal(takenPort(ports, 8125, 'UDP'), ports[1]);
  for (const [number, protocol] of [
    [5678, 'UDP'],
    [8125, 'TCP'],
    [5678, 'SCTP'],
    [Number.NaN, 'TCP'],
  ] as const) {
    t.equal(takenPort(ports, number, protocol), undefined, `${number}/${protocol}`);
  }
  t.end();
});

t.test('what is said of a taken port names the setting that moves it, if there is one', (t) => {
  const [moved, fixed] = ports.map((port) => portTaken('web', port).detail);
  t.match(moved, 'port 5678/TCP, which the agent listens on; the profile’s setting probeAddress moves it');
  t.match(fixed, /port 8125\/UDP, which the agent listens on$/);
  t.end();
});
