import type { WrittenForm } from './written-forms.js';

/** Ways to write nothing in JSON; `$` is the indentation of the key. */
const nothingInJson = (open: string, close: string): readonly string[] => [
  'null',
  `${open}${close}`,
  `${open} ${close}`,
  `${open}\n$${close}`,
  `\n$  ${open} ${close}`,
];
const fields: readonly (readonly [string, string, string])[] = [
  ['environment', '[', ']'],
  ['mountPoints', '[', ']'],
  ['volumesFrom', '[', ']'],
  ['dependsOn', '[', ']'],
  ['linuxParameters', '{', '}'],
  ['dockerLabels', '{', '}'],
  ['command', '[', ']'],
];

/** Tasks in every format, with fields that hold nothing in every form. */
export function writtenTasks(): readonly WrittenForm[] {
  return fields.flatMap(([field, open, close]) =>
    nothingInJson(open, close).flatMap((form): readonly WrittenForm[] => {
      const nothing = (indentation: string): string => form.replaceAll('$', indentation);
      const upper = `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
      const name = `${field}: ${JSON.stringify(form)}`;
      return [
        { name: `ECS: ${name}`, text: ecs(`      "${field}": ${nothing('      ')},\n`) },
        { name: `ECS on one line: ${name}`, text: `${ecs(`"${field}":${nothing('')},`).replaceAll(/\n */g, '')}\n` },
        { name: `Dockerrun: ${name}`, text: dockerrun(`      "${field}": ${nothing('      ')},\n`) },
        {
          name: `CloudFormation: ${name}`,
          text: cloudFormation(`          ${upper}: ${nothing('          ')} # ${field}\n`),
        },
      ];
    }),
  );
}

function ecs(field: string): string {
  return `{\n  "family": "f",\n  "tags": [ ],\n  "volumes" : [],\n  "containerDefinitions": [\n    {\n      "name": "web",\n${field}      "image": "a/web:1",\n      "entryPoint": [ "/app" ]\n    }\n  ]\n}\n`;
}

function dockerrun(field: string): string {
  return `{\n\t"AWSEBDockerrunVersion": 2,\n\t"volumes": [ ],\n\t"containerDefinitions": [\n    {\n      "name": "web",\n${field}      "image": "a/web:1",\n      "memory": 64,\n      "entryPoint": [ "/app" ]\n    }\n  ]\n}\n`;
}

function cloudFormation(field: string): string {
  return `Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    # metadata\n    Properties:\n      Family: !Sub '\${AWS::StackName}-f' # family\n      Volumes: # none\n        [ ]\n      ContainerDefinitions:\n        - Name: web\n${field}          Image: !Ref Image\n          EntryPoint: [ "/app" , !Ref Flag ]\nParameters: {Image: {Type: String}, Flag: {Type: String}}\n`;
}
