import { schemaReference } from '../../src/documents/schema-reference.js';
import { imageMapSchema } from '../../src/model/image-map.js';
import { policySchema } from '../../src/model/policy.js';
import { profileSchema } from '../../src/model/profile.js';
import { profileReference } from '../../src/profile/reference.js';
import { builtInProfiles } from '../../src/profile/registry.js';

/** The reference pages that are made from schemas and profiles: path from the project's root, and text. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    [
      'docs/reference/policy.md',
      schemaReference(
        'InstrumentationPolicy',
        'Who gets which profile, and how strictly. A cluster, a configuration folder and the offline commands read the same document.',
        policySchema,
      ),
    ],
    [
      'docs/reference/profile.md',
      schemaReference(
        'InstrumentationProfile',
        'A vendor’s recipe, as data. Every part is optional. [Profiles](../profiles.md) explains them with an example.',
        profileSchema,
      ),
    ],
    [
      'docs/reference/image-map.md',
      schemaReference(
        'ImageMap',
        'What images start, for images that nobody can look up. Read from files only.',
        imageMapSchema,
      ),
    ],
    ['docs/reference/profile-settings.md', profileReference(builtInProfiles())],
  ]);
}
