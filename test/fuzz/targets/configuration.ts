import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfiguration } from '../../../src/documents/configuration/configuration.js';
import { parseImageMapJson } from '../../../src/documents/configuration/image-map.js';
import { parseRegistryConfig } from '../../../src/documents/configuration/registry-config.js';
import { configure } from '../../../src/engine/configure.js';
import { OutriderError } from '../../../src/model/error.js';
import { decideNow, plainFacts, resolverOf } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';
import { must, type Target } from '../target.js';
import { fileBytes } from './doors.js';

const pod = podOf({
  containers: [{ name: 'web', image: 'shop/web:1', command: ['/app'], env: [{ name: 'A', value: '1' }] }],
});
const pages = ['deploy/examples', 'test/golden/policies'];

function seeds(): readonly Uint8Array[] {
  const files = pages.flatMap((page) => readdirSync(page).map((file) => join(page, file)));
  const map = { 'shop/web:1': { entrypoint: ['/app'], cmd: null } };
  const registries = {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'RegistryConfiguration',
    hosts: [{ host: 'registry.example', plainHttp: true, concurrency: 4 }],
    registries: { 'docker.io': { mirrors: [{ host: 'mirror.example' }] } },
    egress: { allow: ['10.0.0.0/8'], deny: ['*.internal'] },
  };
  const texts = [map, registries].map((value) => new TextEncoder().encode(JSON.stringify(value)));
  return [...files.filter((file) => file.endsWith('.yaml')).map(fileBytes), ...texts];
}

/** Policies, profiles, image maps and registry configurations; and a pod instrumented by what they come to. */
export function configuration(): Target {
  return {
    name: 'configuration',
    form: 'text',
    seeds,
    // The parser and the schema are set up by the first input.
    baseMs: 1_500,
    check(input) {
      const text = new TextDecoder().decode(input);
      refusedWell(() => parseRegistryConfig(text, 'registries.yaml'));
      refusedWell(() => parseImageMapJson(text, 'images.json'));
      const parsed = parseConfiguration([{ name: 'policy.yaml', text }]);
      const { rules, problems, usable } = configure(parsed);
      for (const problem of problems) {
        must(problem instanceof OutriderError, 'a problem that is no OutriderError');
        must(problem.message.length < 100_000, 'a message without end');
      }
      const engine = {
        rules,
        facts: plainFacts,
        images: resolverOf(Object.fromEntries(parsed.configuration.images)),
        excludedNamespaces: new Set<string>(),
        secretState: () => 'unknown' as const,
      };
      const labels = parsed.configuration.namespaces.get('shop') ?? {};
      const outcomes = (['mutate', 'validate'] as const).map((door) =>
        decideNow(pod, engine, door, { namespaceLabels: labels }),
      );
      const [first] = problems;
      return first === undefined
        ? `valid, ${outcomes[0]?.decision.reason ?? ''}`
        : `${usable ? 'usable' : 'refused'} ${first.code}`;
    },
  };
}

/** Runs what may refuse its input with an error for people, and with nothing else. */
function refusedWell(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    for (const each of errors) if (!(each instanceof OutriderError)) throw each;
  }
}
