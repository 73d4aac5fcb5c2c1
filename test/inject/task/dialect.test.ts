import t from 'tap';
import { dialectOf, isIntrinsic, mayVanish, referenceText } from '../../../src/inject/task/dialect.js';

t.test('fields are named as the format has them, a user’s own words are not', (t) => {
  const value = {
    name: 'a',
    healthCheck: { startPeriod: 1 },
    logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g' } },
    dockerLabels: { team: 'x' },
    secrets: [{ valueFrom: { 'Fn::Sub': '${K}' } }],
  };
  t.equal(dialectOf('ecs').write(value), value);
  t.equal(dialectOf('dockerrun').field('entryPoint'), 'entryPoint');
  t.same(dialectOf('cloudformation').write(value), {
    Name: 'a',
    HealthCheck: { StartPeriod: 1 },
    LogConfiguration: { LogDriver: 'awslogs', Options: { 'awslogs-group': 'g' } },
    DockerLabels: { team: 'x' },
    Secrets: [{ ValueFrom: { 'Fn::Sub': '${K}' } }],
  });
  t.end();
});

t.test('what an intrinsic function is, and what may turn out to be nothing', (t) => {
  for (const value of [{ Ref: 'X' }, { 'Fn::If': [] }, { Condition: 'C' }]) t.ok(isIntrinsic(value));
  for (const value of [undefined, null, 'Ref', [], {}, { Name: 'x' }, { Ref: 'X', Name: 'y' }])
    t.notOk(isIntrinsic(value));
  t.ok(mayVanish({ 'Fn::If': ['P', ['x'], { Ref: 'AWS::NoValue' }] }));
  t.notOk(mayVanish({ 'Fn::If': ['P', ['x'], { Ref: 'Y' }] }));
  t.end();
});

t.test('the text that stands for a reference', (t) => {
  const cases = [
    ['plain:1', 'plain:1'],
    [{ Ref: 'Image' }, '${Image}'],
    [{ 'Fn::Sub': '${A}/b' }, '${A}/b'],
    [{ 'Fn::Sub': ['${A}/b', { A: { Ref: 'C' } }] }, '${A}/b'],
    [{ 'Fn::GetAtt': ['Repo', 'Uri'] }, '${Repo.Uri}'],
    [{ 'Fn::ImportValue': 'x' }, '${x}'],
    [{ 'Fn::Join': ['/', [{ Ref: 'Registry' }, 'web:1']] }, '${Registry}/web:1'],
    [{ 'Fn::Join': ['/', [{ 'Fn::Select': [0, []] }, 'web:1']] }, undefined],
    [{ 'Fn::Join': '/' }, undefined],
    [{ 'Fn::If': ['P', 'a', 'b'] }, undefined],
    [{ Ref: 7 }, undefined],
    [7, undefined],
    [undefined, undefined],
  ] as const;
  for (const [value, text] of cases) t.equal(referenceText(value), text, text ?? 'nothing');
  t.end();
});
