import type { CaseTable } from './case.js';
import { edgeCases } from './edge.js';
import { fieldFaults } from './field.js';
import { forgedPods } from './forged.js';
import { frictions } from './frictions.js';

/** The tables of cases, in the order of the page. A new case is a row in one of them. */
export const caseTables: readonly { readonly title: string; readonly intro: string; readonly cases: CaseTable }[] = [
  { title: 'E: edge cases', intro: 'Each of them has broken some injector in the field.', cases: edgeCases },
  {
    title: 'F: forged pods and tenants',
    intro: 'What a pod’s author or a tenant can try, and what has been seen to get through.',
    cases: forgedPods,
  },
  { title: 'W: faults in the field', intro: 'Inputs that come out wrong, or without a word.', cases: fieldFaults },
  { title: 'U: frictions', intro: 'Where a new user is stuck, or is told what is not so.', cases: frictions },
];

/** Every number that has a row. */
export const caseNumbers: readonly string[] = caseTables.flatMap(({ cases }) => Object.keys(cases));
