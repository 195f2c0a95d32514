import {
  type CompiledPolicy,
  countApart,
  countLeaves,
  enoughAlike,
  enoughRows,
  fewValues,
  reportSurveys,
  type SurveyAnswer,
} from '../anonymizers/index.ts';
import { allOrAbort } from './all-or-abort.ts';
import type { ColumnSurvey, SourceSession } from './extraction.ts';

/**
 * Asks the sources what only values can show: paths in documents that nobody decided, columns and leaves of documents with so few
 * values that a keyed rule hides nothing, values of unique keys that a rule cannot tell apart, and values of foreign keys that it tells from
 * those they refer to. The questions are bounded, so a path that is rare can be missed here; the build then stops when it meets it.
 * @throws DynDataError POLICY_INVALID, POLICY_UNDECIDED, naming everything that was found.
 */
export async function surveySources(
  policy: CompiledPolicy,
  sessions: readonly Pick<SourceSession, 'name' | 'survey'>[],
  signal: AbortSignal,
): Promise<void> {
  const answers = await allOrAbort(signal, (shared) =>
    sessions.map(({ name, survey }) => {
      const surveys = policy.surveys.filter(({ source }) => source === name);
      return survey((questions) => surveySource(surveys, questions, shared));
    }),
  );
  reportSurveys(answers.flat().sort((a, b) => policy.surveys.indexOf(a.survey) - policy.surveys.indexOf(b.survey)));
}

async function surveySource(surveys: CompiledPolicy['surveys'], ask: ColumnSurvey, signal: AbortSignal): Promise<SurveyAnswer[]> {
  const answers: SurveyAnswer[] = [];
  for (const survey of surveys) {
    signal.throwIfAborted();
    const paths = new Set<string>();
    const { undecidedPaths, keyedLeaves, alike, otherSpellings } = survey;
    const documents = undecidedPaths || keyedLeaves ? await ask.values(survey, signal) : [];
    if (undecidedPaths) for (const value of documents) for (const path of undecidedPaths(value)) paths.add(path);
    const leaves = keyedLeaves && countLeaves(keyedLeaves, documents);
    const repeated = alike && countRepeated(await ask.alike(survey, alike, signal), alike.keyOf);
    const apart = otherSpellings && countApart(otherSpellings, await ask.spellings(survey, otherSpellings.foreignKey, signal));
    const counted = survey.fewValuesRefused === undefined ? undefined : await ask.count(survey, fewValues + 1, enoughRows, signal);
    answers.push({
      survey,
      paths: [...paths].sort(),
      ...(counted ? { counted } : {}),
      ...(leaves ? { leaves } : {}),
      ...(repeated === undefined ? {} : { alike: repeated }),
      ...(apart === undefined ? {} : { apart }),
    });
  }
  return answers;
}

/** How many values of a group have the key of another one in it, up to a bound. */
function countRepeated(groups: readonly (readonly Uint8Array[])[], keyOf: (value: Uint8Array) => string): number {
  let repeated = 0;
  for (const group of groups) {
    repeated += group.length - new Set(group.map(keyOf)).size;
    if (repeated >= enoughAlike) return enoughAlike;
  }
  return repeated;
}
