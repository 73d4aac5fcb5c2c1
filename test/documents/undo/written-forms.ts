/** A manifest as someone could have written it. */
export interface WrittenForm {
  /** What is special about it. */
  readonly name: string;
  readonly text: string;
}

/** Forms of a key that says nothing or holds nothing; `$` is the key's indentation. */
const nothing = (key: string, [open, close]: readonly [string, string]): readonly string[] => [
  `${key}:`,
  `${key}: # beside`,
  `${key}: null`,
  `${key}: ~ # beside`,
  `${key}:   Null`,
  `${key}: !!null null`,
  `${key}: &none ~`,
  `${key}: ${open}${close}`,
  `${key}: ${open} ${close}`,
  `${key}:  ${open}   ${close}   # beside`,
  `${key}:\t${open}${close}`,
  `"${key}": ${open}${close}`,
  `'${key}' : ${open}${close}`,
  `${key}: &none ${open}${close}`,
  `${key}: ${open} # inside\n$  # alone\n$ ${close} # behind`,
  `${key}: ${open}\n$${close}`,
  `${key}:\n$  ${open}${close}`,
  `${key}: # beside\n$  # above\n$  ${open} ${close} # behind\n$  # below`,
  `${key}:\n\n$  &none\n$  ${open}${close}\n`,
  `? ${key}\n$: ${open} ${close}`,
];

const list = ['[', ']'] as const;
const map = ['{', '}'] as const;

/** What is in a container; `$` is its indentation. */
export const inContainer: readonly string[] = [
  ...nothing('env', list),
  ...nothing('volumeMounts', list),
  ...nothing('securityContext', map),
  ...nothing('args', list).slice(7),
  ...nothing('capabilities', map).map((form) => `securityContext:\n$  ${form.replaceAll('$', '$  ')}`),
  ...nothing('add', list).map((form) => `securityContext:\n$  capabilities:\n$    ${form.replaceAll('$', '$    ')}`),
  'securityContext: { capabilities: { add: [ ], drop: [ ALL ] } }',
  'securityContext: {capabilities: {}}',
  'securityContext: {capabilities: { drop: [ALL] , }, }',
  'securityContext: {\n$  capabilities: {\n$    add: [\n$    ] # x\n$  } }',
  'securityContext:\n$  capabilities: {add: [NET_ADMIN] } # some',
  'securityContext:\n$  capabilities:\n$    add: [ NET_ADMIN ]',
  'securityContext:\n$  capabilities:\n$    add:\n$    - "NET_ADMIN" # some\n$    # none',
  'securityContext:\n$      runAsUser: 0x1F # odd\n\n$      # far',
  'env: [{name: A, value: b}]',
  'env: [ {name: A, value: b}, ]',
  'env: [ {name: A, value: b} ] # all',
  'env: [\n$  {name: A, value: b}, # a\n$  {name: B, value: c} # b\n$]',
  'env: [\n$  {name: A,\n$   value: b}]',
  'env:\n$- name: A\n$  value: b',
  'env:\n$  - name: A # a\n$    value: b # b\n$  # below',
  'env: # beside\n$    # above\n$    -   name: A\n$        value: >-\n$          b\n$          c\n\n',
  'env:\n$  -\n$    name: A\n$    value: |+\n$      b\n\n\n$  # below',
  'env:\n$  - {name: A, value: b}\n$  - name: B\n$    value: "c\n$      d"',
  "env:\n$  - name: A\n$    value: 'c\n\n$      d' # x",
  'env:\n$  - name: A\n$    value: plain\n$      text # over lines',
  'env:\n$  - name: A\n$    value: b\n$  # last\n$# out\n# far out',
  'env: !!seq\n$  - name: A',
  'env:\n$  - &a {name: A, value: b}\n$  - name: B\n$    value: &v w\n$  - {name: C, value: *v}',
  'volumeMounts:\n$  - {name: v, mountPath: /v}   # v',
  'volumeMounts: [ { name: v, mountPath: /v } ]',
  ...['', ' # beside'].flatMap((behind) => [
    `command: [/app, "-c", ':8080']${behind}`,
    `command: [ /app ]${behind}`,
    `command: [\n$  /app, # app\n$  "-c",\n$]${behind}`,
    `command: [/app,\n$          -c]${behind}`,
    `command: ["/app", "a b", 'it''s', "\\x41\\n"]${behind}`,
    `command:${behind}\n$- /app`,
    `command:${behind}\n$  # above\n$  - /app # app\n$  # between\n$  - '-c'\n$  # below`,
    `command:${behind}\n$  - "/app"\n$  - >-\n$    one\n$    two\n$  - |\n$    three\n\n$  - plain\n$    on two`,
    `command:${behind}\n$    - !!str 7\n$    - !!str yes\n$    - &a x\n$    - *a`,
    `command: &cmd${behind}\n$  - /app`,
    `command:${behind}\n$  -   /app\n$  -\n$    -c`,
    `args: [ -c ]${behind}`,
    `args:${behind}\n$  - 'x'`,
  ]),
  'command: !!seq [/app]',
  'command:\n$  [/app, -c]',
  'command:\n$  # above\n$  [ /app ] # behind',
  '? command\n$: [/app]',
  'lifecycle: {} # none\n$livenessProbe:\n$    exec: {command: [ cat ]}',
];

const scalars: readonly string[] = [
  'a,b',
  'a,b # note',
  '"a,b"',
  "'a,b'   # note",
  '"\\x61,b"',
  '!!str a,b',
  '&text a,b',
  '|-\n$  a,b',
  '>-\n$  a,b',
  '>-  # head\n$  a,\n$  b',
  '|\n$  a,b\n',
  '"a,\n$  b"',
  "'a,\n\n$  b'",
  'a,\n$  b # note',
  '\n$  a,b',
  '# beside\n$  a,b # behind',
  '""',
  "''",
  '|-\n$  a,b\n$# out',
];
/** An annotation that gets more after it. */
export const evict = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

/** What is in a pod's metadata; `$` is its indentation. */
export const inMetadata: readonly string[] = [
  ...nothing('annotations', map),
  ...nothing('labels', map),
  'annotations: { a: b }',
  'annotations: {a: "b",}  # all',
  'annotations: {\n$  a: b # x\n$}',
  'annotations:\n$    # above\n$    a: b # beside\n$    # below',
  'annotations:\n$  a: >\n$    b\n\n$  "c": |-\n$    d',
  'annotations: &notes\n$  a: b',
  'labels: &l {a: b}\n$annotations: *l',
  'labels: &l\n$  a: b # b\n$annotations:\n$  <<: *l\n$  c: d',
  ...scalars.map((scalar) => `annotations:\n$  ${evict}: ${scalar.replaceAll('$', '$  ')}`),
  `annotations: { "${evict}": a , x: z }`,
  `labels: {a: &t "a,b"}\n$annotations:\n$  ${evict}: *t`,
  `annotations:\n$  ${evict}: &t a,b # t\n$  other: *t`,
];

/** What is in a pod's spec; `$` is its indentation. */
export const inSpec: readonly string[] = [
  ...nothing('volumes', list),
  ...nothing('initContainers', list),
  ...nothing('imagePullSecrets', list),
  'volumes: [ {name: v, emptyDir: {} } ]',
  'volumes:\n$- name: v # v\n$  emptyDir: {}\n$# below',
  'volumes:\n$  - name: v\n$    emptyDir: { }\n\n\n$# far',
  'initContainers: [ {name: i, image: a/i:1, command: [ i ], env: [ ]} ]',
  'initContainers: # beside\n$    - name: i\n$      image: a/i:1 # i\n$      command: [i]\n$    # below',
  'shareProcessNamespace: true # on',
  'terminationGracePeriodSeconds: 1_0',
];

/** Containers that share what they say by anchors, aliases and merge keys. */
const shared: readonly (readonly [string, string])[] = [
  [
    'an alias of a list',
    '- {name: a, image: x, command: [/a], env: &e [ {name: A} ]}\n- {name: b, image: x, command: [/b], env: *e}\n',
  ],
  [
    'an alias in block style',
    '- name: a\n  image: x\n  command: &c\n    - /a # a\n  env: &e # all\n    - name: A # A\n- name: b\n  image: x\n  command: *c # c\n  env: *e # e\n',
  ],
  [
    'an alias of a mapping',
    '- name: a\n  image: x\n  command: [/a]\n  securityContext: &sc\n    runAsUser: 1 # one\n- name: b\n  image: x\n  command: [/b]\n  securityContext: *sc # same\n',
  ],
  [
    'an alias of an item',
    '- name: a\n  image: x\n  command: [&s /sh, -c]\n  env:\n    - &i\n      name: A\n      value: b\n- name: b\n  image: x\n  command: [*s , *s]\n  env:\n    - *i # i\n',
  ],
  ['a merge key', '- &a # a\n  name: a\n  image: x\n  command: [ /a ] # c\n  env: [ ]\n- <<: *a # all\n  name: b\n'],
  ['a merge key at the end', '- &a\n  name: a\n  image: x\n  command: [/a]\n- name: b\n  # the rest\n  <<: *a\n'],
  [
    'a merge key in front of what it loses to',
    '- &a\n  name: a\n  image: x\n  command: [/a]\n  securityContext: {capabilities: {drop: [ALL]}}\n- <<: *a\n  name: b\n  securityContext:\n    capabilities:\n      add: [ ]\n',
  ],
  ['merge keys in flow style', '- &a {name: a, image: x, command: [ /a ]}\n- { <<: *a , name: b }\n'],
  [
    'two merge keys',
    '- &a\n  name: a\n  image: x\n- &b\n  name: b\n  image: x\n  command: [/b] # b\n- <<: [ *a, *b ] # both\n  name: c\n',
  ],
  [
    'a merge key deep inside',
    '- name: a\n  image: x\n  command: [/a]\n  securityContext: &sc\n    capabilities: &caps {add: [NET_ADMIN]}\n- name: b\n  image: x\n  command: [/b]\n  securityContext:\n    <<: *sc\n    runAsUser: 5 # five\n- name: c\n  image: x\n  command: [/c]\n  securityContext:\n    capabilities:\n      <<: *caps # caps\n      drop: [ALL]\n',
  ],
  [
    'an alias of a container',
    '- name: a\n  image: x\n  command: [/a]\n  env:\n    - &v {name: A, value: "1"}\n    - *v\n',
  ],
];

/** A pod with forms in several places at once. */
export function podWith(container: string, spec: string, metadata: string): string {
  const command = hasCommand(container) ? '' : '      command: [/app]\n';
  const own = `    - name: web\n      image: a/web:1\n${command}      ${container.replaceAll('$', '      ')}\n`;
  return podOf(
    `  name: p\n  ${metadata.replaceAll('$', '  ')}\n`,
    `  restartPolicy: Never\n  containers:\n${own}  ${spec.replaceAll('$', '  ')}\n`,
  );
}

/** Every form, in a pod of its own. */
export function writtenForms(): readonly WrittenForm[] {
  const forms: WrittenForm[] = [];
  const add = (place: string, form: string, text: string): void => {
    forms.push({ name: `${place}: ${JSON.stringify(form)}`, text });
  };
  for (const [index, form] of inContainer.entries()) {
    const own = form.replaceAll('$', '      ');
    const command = hasCommand(form) ? '' : '      command: [/app]\n';
    const head = '    - name: web\n      image: a/web:1\n';
    const last = podOf('  name: p\n', `  containers:\n${head}${command}      ${own}\n`);
    add('last in a container', form, last);
    // A form that spoils one of these spoils the other.
    if (index % 2 === 0) {
      const second = '    # second\n    - {name: b, image: a/b:1, command: [ /b ] }\n';
      add('above a second container', form, `${last}${second}`);
    } else {
      const first = `    - ${own}\n      name: web\n      image: a/web:1\n`;
      add('first in a container', form, podOf('  name: p\n', `  containers:\n${first}${command}`));
    }
  }
  const containers = '  containers:\n  - name: web # web\n    image: a/web:1\n    command: ["/app"]\n';
  for (const form of inMetadata) {
    const own = form.replaceAll('$', '  ');
    add('last in metadata', form, podOf(`  name: p\n  ${own}\n`, containers));
    add('first in metadata', form, podOf(`  ${own}\n  # name\n  name: p\n`, containers));
    add('in a template', form, deploymentOf(`      ${form.replaceAll('$', '      ')}\n`));
  }
  for (const form of inSpec) {
    const own = form.replaceAll('$', '  ');
    add('last in a spec', form, podOf('  name: p\n', `${containers}  ${own}\n`));
    add('first in a spec', form, podOf('  name: p\n', `  ${own}\n${containers}`));
  }
  for (const [name, lines] of shared) {
    const own = lines.replaceAll(/^/gm, '  ').trimEnd();
    add('shared', name, podOf('  name: p\n', `  containers:\n${own}\n`));
  }
  for (const form of nothing('metadata', map).slice(0, 7))
    add('a pod', form, `apiVersion: v1\nkind: Pod\n${form.replaceAll('$', '')}\nspec:\n${containers}`);
  return forms;
}

function hasCommand(form: string): boolean {
  return /^(\? )?command/.test(form);
}

/** A pod with these lines in it. */
export function podOf(metadata: string, spec: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata:\n${metadata}spec:\n${spec}`;
}

function deploymentOf(metadata: string): string {
  return `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata:\n${metadata}    spec:\n      containers:\n      - {name: web, image: "a/web:1", command: ["/app"]}\n`;
}

/** Ways to write a whole file that has the same data. */
export const fileForms: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  CRLF: (text) => text.replaceAll('\n', '\r\n'),
  'a byte order mark': (text) => `\uFEFF${text}`,
  'no line break at the end': (text) => text.replace(/\n+$/, ''),
  'blank lines and a comment at the end': (text) => `${text}\n\n# end\n\n`,
  'several documents': (text) =>
    `# first\n---\n${text}---\n# between\nkind: ConfigMap\ndata: { a: [ ] }\n--- # next\n${text}...\n`,
  'a directive': (text) => `%YAML 1.1\n---\n${text}...\n`,
};
