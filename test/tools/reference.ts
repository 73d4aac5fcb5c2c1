import { schemaReference } from './schema-reference.js';
import { policyReach, profileReach } from '../../src/model/field-reach.js';
import { imageMapSchema } from '../../src/model/image-map.js';
import { instrumentFunctionSchema } from '../../src/model/instrument-function.js';
import { policyTestSchema } from '../../src/model/policy-test.js';
import { policySchema } from '../../src/model/policy.js';
import { profileSchema } from '../../src/model/profile.js';
import { registryConfigSchema } from '../../src/model/registry-config.js';
import { profileReference } from './profile-reference.js';
import { builtInProfiles } from '../../src/profile/registry.js';
import type { GeneratedFile } from './generated.js';

/** The reference pages that are made from schemas and profiles. */
export const referencePages: readonly GeneratedFile[] = [
  {
    path: 'docs/reference/policy.md',
    make: () =>
      schemaReference(
        'InstrumentationPolicy',
        'Who gets which profile, and how strictly. A cluster, a configuration folder and the offline commands read the same document. A task is an ECS task definition, a CloudFormation template or a Dockerrun file.',
        policySchema,
        policyReach,
      ),
  },
  {
    path: 'docs/reference/profile.md',
    make: () =>
      schemaReference(
        'InstrumentationProfile',
        'A vendor’s recipe, as data. Every part is optional. [Profiles](../profiles.md) explains them with an example.',
        profileSchema,
        profileReach,
      ),
  },
  {
    path: 'docs/reference/image-map.md',
    make: () =>
      schemaReference(
        'ImageMap',
        'What images start, for images that nobody can look up. Read from files only.',
        imageMapSchema,
      ),
  },
  {
    path: 'docs/reference/registry-configuration.md',
    make: () =>
      schemaReference(
        'RegistryConfiguration',
        'How registries are talked to, for `--registry-config`. Read from a file only. [Images](../images.md) explains it.',
        registryConfigSchema,
      ),
  },
  {
    path: 'docs/reference/policy-test.md',
    make: () =>
      schemaReference(
        'PolicyTest',
        'What policies should make of resources, for `outrider test`. Read from files only. [Test](../policy-tests.md) explains it.',
        policyTestSchema,
      ),
  },
  {
    path: 'docs/reference/instrument-function.md',
    make: () =>
      schemaReference(
        'InstrumentFunction',
        'What `outrider fn` works with, as a KRM function’s functionConfig. [Pipelines](../pipelines.md) explains it.',
        instrumentFunctionSchema,
      ),
  },
  { path: 'docs/reference/profile-settings.md', make: () => profileReference(builtInProfiles()) },
];
