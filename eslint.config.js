import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// Which folders of src each folder may import: the arrows of docs/architecture.md. A folder may always import itself.
const mayImport = {
  model: [],
  policy: ['model'],
  profile: ['model'],
  inject: ['model'],
  image: ['model'],
  tls: ['model'],
  observe: ['model'],
  documents: ['model'],
  doctor: ['model'],
  engine: ['model', 'policy', 'profile', 'inject', 'documents'],
  admission: ['model', 'policy', 'profile', 'inject', 'image', 'tls', 'observe', 'documents', 'engine'],
  cluster: ['model', 'policy', 'profile', 'inject', 'image', 'tls', 'observe', 'documents', 'doctor', 'engine'],
  server: [
    'model',
    'policy',
    'profile',
    'inject',
    'image',
    'tls',
    'observe',
    'documents',
    'engine',
    'admission',
    'cluster',
  ],
};
const folders = [...Object.keys(mayImport), 'cli'];
const pure = new Set(['model', 'policy', 'profile', 'inject', 'documents', 'doctor', 'engine']);
// node: modules that compute and do no I/O.
const pureModules = ['node:crypto', 'node:buffer', 'node:util', 'node:path'];

const layers = Object.entries(mayImport).map(([folder, allowed]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: [
              ...folders
                .filter((other) => other !== folder && !allowed.includes(other))
                .map((other) => `**/${other}/**`),
              '**/main.js',
            ],
            message: `src/${folder} may import ${allowed.length === 0 ? 'nothing but itself' : allowed.join(', ')}.`,
          },
          ...(folder === 'cluster'
            ? []
            : [{ group: ['@kubernetes/client-node'], message: 'Only src/cluster talks to the API server.' }]),
          ...(pure.has(folder)
            ? [
                {
                  group: [
                    'node:*',
                    ...pureModules.map((name) => `!${name}`),
                    'undici',
                    'fastify',
                    'pino',
                    'prom-client',
                  ],
                  message: `src/${folder} does no I/O.`,
                },
              ]
            : []),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist', '.tap', 'node_modules', 'certs'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      eqeqeq: 'error',
    },
  },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': 'off' } },
  { files: ['**/*.mjs', '*.js'], languageOptions: { globals: { process: 'readonly', console: 'readonly' } } },
  ...layers,
);
