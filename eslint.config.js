import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// Which folders of src each folder may import: the arrows of docs/architecture.md. A folder may always import itself.
const words = ['time', 'model'];
const vendorsAndRules = ['policy', 'profile', 'inject'];
const mayImport = {
  time: [],
  model: ['time'],
  policy: words,
  profile: words,
  inject: words,
  image: words,
  tls: words,
  observe: words,
  documents: words,
  doctor: words,
  settings: words,
  engine: [...words, ...vendorsAndRules, 'documents'],
  admission: [...words, ...vendorsAndRules, 'image', 'tls', 'observe', 'documents', 'settings', 'engine'],
  cluster: [...words, ...vendorsAndRules, 'image', 'tls', 'observe', 'documents', 'doctor', 'settings', 'engine'],
  server: [
    ...words,
    ...vendorsAndRules,
    'image',
    'tls',
    'observe',
    'documents',
    'settings',
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

// The same inside src/cli: each folder may import those before it, and io.ts, command.ts and errors.ts. A command's folder
// imports no other command's, and nothing but commands.ts imports a command.
const cliGround = ['io', 'command', 'errors'];
const cliShared = ['text', 'files', 'options', 'image', 'offline', 'live', 'preview'];
const cliCommands = [
  'diff',
  'preflight',
  'edit',
  'explain',
  'test',
  'fn',
  'post-render',
  'status',
  'coverage',
  'verify',
  'doctor',
  'pause',
  'demo',
  'completion',
  'version',
];
const cliFolders = [...cliShared, ...cliCommands];
// A command that is another one with other ways in and out.
const cliAlso = { 'post-render': ['edit'] };

const cliLayer = (files, allowed, patterns) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: patterns.map((regex) => ({ regex, message: `May import of src/cli: ${allowed.join(', ')}.` })) },
    ],
  },
});

const cliLayers = [
  ...cliFolders.map((folder) => {
    const shared = cliShared.includes(folder) ? cliShared.slice(0, cliShared.indexOf(folder)) : cliShared;
    const also = cliAlso[folder] ?? [];
    const barred = cliFolders.filter((other) => other !== folder && ![...shared, ...also].includes(other));
    return cliLayer(
      [`src/cli/${folder}/*.ts`],
      [...cliGround, ...shared, ...also],
      [`^\\.\\./(${barred.join('|')})/`, `^\\.\\./(?!(${cliGround.join('|')})\\.js$)[^/.]+\\.js$`],
    );
  }),
  cliLayer(
    cliGround.map((name) => `src/cli/${name}.ts`),
    cliGround,
    [`^\\./(?!(${cliGround.join('|')})\\.js$)`],
  ),
];

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
  ...cliLayers,
);
