import { z } from 'zod';
import {
  BUDGET_PERIODS,
  BUDGET_SCOPES,
  type BudgetPeriod,
  type BudgetScope,
} from '../schemas/budget.ts';
import type { Picodollars } from '../schemas/money.ts';
import { entryPlace, readListFile } from './list-file.ts';
import type { Reader } from './reader.ts';
import { scopeNameSchema, unknownProviders } from './scope-names.ts';
import { usdAmountSchema, usdVariable } from './usd-amount.ts';

/** A hard limit of spending. Plain data. */
export interface Budget {
  readonly scope: BudgetScope;
  /** Which providers or client keys (by id), each for itself: a pattern with `*` and `?`. Null = every one. */
  readonly name: string | null;
  readonly period: BudgetPeriod;
  readonly picodollars: Picodollars;
}

const FILE_VARIABLE = 'BUDGETS_FILE';
const BUDGETS_MAX = 200;

const budgetSchema = z
  .strictObject({
    scope: z.enum(BUDGET_SCOPES),
    name: scopeNameSchema.optional(),
    period: z.enum(BUDGET_PERIODS),
    usd: usdAmountSchema,
  })
  .refine(({ scope, name }) => scope !== 'global' || name === undefined, {
    error: 'scope global has no name',
  });
const fileSchema = z.array(budgetSchema).max(BUDGETS_MAX);

/** Reads DAILY_BUDGET_USD and BUDGETS_FILE (a JSON list of limits). Problems go to the reader, one line each. */
export function loadBudgets(reader: Reader, providers: readonly string[]): readonly Budget[] {
  const daily = usdVariable(reader, 'DAILY_BUDGET_USD', null);
  const entries = readListFile(reader, FILE_VARIABLE, fileSchema);
  for (const { index, problem } of unknownProviders(entries, providers)) {
    reader.problems.push(`${FILE_VARIABLE}: ${entryPlace([index, 'name'])}: ${problem}`);
  }
  const own: readonly Budget[] =
    daily === null ? [] : [{ scope: 'global', name: null, period: 'day', picodollars: daily }];
  return [
    ...own,
    ...entries.map(({ scope, name, period, usd }) => ({
      scope,
      name: name ?? null,
      period,
      picodollars: usd,
    })),
  ];
}
