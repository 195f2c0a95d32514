import { DynDataError } from '../core/index.ts';
import type { Survey } from './api.ts';
import { createSuggestions } from './suggestions.ts';

/** What the source answered: paths that no rule decides, and for `fewValuesRefused` how many values there are, counted up to a bound. */
export type SurveyAnswer = {
  readonly survey: Survey;
  readonly paths: readonly string[];
  readonly counted?: { readonly values: number; readonly rows: number };
};

/** Distinct values are counted up to one more than this. */
export const fewValues = 20;
/** Rows with a value are counted up to this. */
export const enoughRows = 1000;

/** Few values in many rows: how often each occurs says which one it is. In few rows there is nothing to count. */
function isTelling({ values, rows }: { readonly values: number; readonly rows: number }): boolean {
  return values <= fewValues && rows >= 200 && rows >= values * 10;
}

/**
 * Refuses what only the values themselves could show, all at once.
 * @throws DynDataError POLICY_INVALID for a rule on a column with few distinct values; POLICY_UNDECIDED for JSON paths without a rule, with
 * a patch.
 */
export function reportSurveys(answers: readonly SurveyAnswer[]): void {
  const few = answers.flatMap(({ survey: { place, column, fewValuesRefused }, counted }) =>
    counted && isTelling(counted)
      ? [
          `${place}: has only ${counted.values} different values, so "${fewValuesRefused}" would show which row has which by how often each occurs. Generalise or drop it (null, constant, shuffle), or write the reason why it may: low_cardinality: {${column}: "…"}`,
        ]
      : [],
  );
  const suggestions = createSuggestions();
  const undecided = answers.flatMap(({ survey, paths }) =>
    paths.map((path) => {
      const rule = survey.suggestFor(path);
      if (survey.tableKey === undefined) suggestions.attributePath(survey.source, survey.column, path, rule);
      else suggestions.path(survey.source, survey.tableKey, survey.column, path, rule);
      return `${survey.place} ${path}`;
    }),
  );
  const patch =
    undecided.length === 0 ? [] : ['', 'A patch for the policy; look at every line before you take it:', ...suggestions.lines()];
  if (few.length > 0) {
    throw new DynDataError('POLICY_INVALID', 'The policy does not fit the values. Nothing was taken. Correct what is named below.', {
      details: [...few, ...(undecided.length === 0 ? [] : ['', 'Not decided:', ...undecided, ...patch])],
    });
  }
  if (undecided.length > 0) {
    throw new DynDataError(
      'POLICY_UNDECIDED',
      `The policy does not decide ${undecided.length} JSON paths. Nothing was taken. Add a rule for each to the policy; a patch stands below.`,
      { details: [...undecided, ...patch] },
    );
  }
}
