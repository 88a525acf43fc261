// Which cohort of a trial is looked at, and the findings that count for it.

// The cohort that was chosen, else the one that the verdict is of: the first open one with the trial's own verdict.
export function chosenCohort(trial, state) {
  const wanted = state.cohorts?.[trial.nctId];
  const told = trial.findings.find((each) => each.cohort)?.cohort;
  const all = trial.cohorts ?? [];
  return all.find(({ id }) => id === (wanted ?? told)) ?? all.find(({ verdict, open }) => open && verdict === trial.verdict) ?? all[0] ?? null;
}

// The findings of the whole trial, and the cohort's own.
export function findingsOf(trial, cohort) {
  if (!cohort?.findings) return trial.findings;
  return [...trial.findings.filter((each) => each.cohort === undefined), ...cohort.findings];
}

export function closed(cohort) {
  return cohort?.open === false ? " (closed)" : "";
}

export function idOf(trial, found) {
  return `f-${trial.nctId}-${found.cohort ?? ""}-${found.criterion}`;
}
