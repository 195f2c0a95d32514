import { type CompiledPolicy, enoughRows, fewValues, reportSurveys, type SurveyAnswer } from '../anonymizers/index.ts';
import type { SourceSession } from './extraction.ts';

/**
 * Asks the sources what only values can show: paths in documents that nobody decided, and columns with so few values that a keyed rule
 * hides nothing. The questions are bounded, so a path that is rare can be missed here; the build then stops when it meets it.
 * @throws DynDataError POLICY_INVALID, POLICY_UNDECIDED, naming everything that was found.
 */
export async function surveySources(policy: CompiledPolicy, sessions: readonly SourceSession[], signal: AbortSignal): Promise<void> {
  const answers: SurveyAnswer[] = [];
  await Promise.all(
    sessions.map(async ({ name, survey: ask }) => {
      for (const survey of policy.surveys) {
        if (survey.source !== name) continue;
        signal.throwIfAborted();
        const paths = new Set<string>();
        const { undecidedPaths } = survey;
        if (undecidedPaths) for (const value of await ask.values(survey, signal)) for (const path of undecidedPaths(value)) paths.add(path);
        const counted = survey.fewValuesRefused === undefined ? undefined : await ask.count(survey, fewValues + 1, enoughRows, signal);
        answers.push({ survey, paths: [...paths].sort(), ...(counted ? { counted } : {}) });
      }
    }),
  );
  answers.sort((a, b) => policy.surveys.indexOf(a.survey) - policy.surveys.indexOf(b.survey));
  reportSurveys(answers);
}
