import type { PartsOfPlan } from '../../../src/model/instrumentation-plan.js';

/** A plan that adds nothing, and that a word tells from others. */
export function partsOf(stamp: string): PartsOfPlan {
  return {
    amounts: { '--': { stamp, resources: [] } },
    labels: {},
    annotations: {},
    evictable: '',
    wrapper: ['/wrap'],
    env: [],
    mounts: [],
    capabilities: [],
    volumes: [],
    steps: [],
    agentInit: [],
    agentContainers: [],
    shareProcessNamespace: true,
    terms: {
      placed: true,
      native: true,
      token: [],
      coversInit: false,
      coversProbes: false,
      coversLifecycle: false,
      mostContainers: 60,
      files: '',
      reserved: {},
      ports: [],
      names: [],
      users: [],
      hosts: [],
      programs: [],
      tracers: '',
      includedNames: '',
      includedImages: '',
      excludedNames: '',
      excludedImages: '',
    },
    pullSecrets: [],
  };
}
