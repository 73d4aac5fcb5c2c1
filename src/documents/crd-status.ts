import type { JsonObject } from '../model/json.js';

/** Status of both kinds. The conditions are the standard ones (apimachinery `metav1.Condition`). */
export const statusSchema: JsonObject = {
  description: 'What Outrider’s leader says of it.',
  type: 'object',
  properties: {
    observedGeneration: {
      description: 'The generation that this status is about.',
      type: 'integer',
      format: 'int64',
      minimum: 0,
    },
    matchedNamespaces: {
      description: 'How many namespaces a policy selects. Profiles have none.',
      type: 'integer',
      format: 'int64',
      minimum: 0,
    },
    conditions: {
      description: 'Ready, and what it comes from, each with a reason and a sentence.',
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
        properties: {
          type: {
            description: 'What the condition is about.',
            type: 'string',
            maxLength: 316,
            pattern:
              '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
          },
          status: { description: 'Whether it holds.', type: 'string', enum: ['True', 'False', 'Unknown'] },
          reason: {
            description: 'Why, in one word for programs.',
            type: 'string',
            minLength: 1,
            maxLength: 1024,
            pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
          },
          message: { description: 'Why, and what to do, for people.', type: 'string', maxLength: 32768 },
          lastTransitionTime: { description: 'When the status last changed.', type: 'string', format: 'date-time' },
          observedGeneration: {
            description: 'The generation that the condition is about.',
            type: 'integer',
            format: 'int64',
            minimum: 0,
          },
        },
      },
    },
  },
};
