/** What rules say of runs that several processes have, for every place that can be shared: each subject has a file of its own. */
import { auditCases } from './audit-cases.ts';
import { budgetCases } from './budget-cases.ts';
import { childCases } from './child-cases.ts';
import { keyedCases } from './keyed-cases.ts';
import { peopleCases } from './people-cases.ts';
import { policyCases } from './policy-cases.ts';
import { scheduleCases } from './schedule-cases.ts';
import type { SharedPlace } from './station.ts';

export function ruleCases(place: () => Promise<SharedPlace>): void {
  childCases(place);
  scheduleCases(place);
  policyCases(place);
  auditCases(place);
  peopleCases(place);
  keyedCases(place);
  budgetCases(place);
}
