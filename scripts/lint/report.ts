/** Prints findings as `file:line: text`, one a line, and sets the exit code. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export function report(check: string, findings: readonly Finding[]): void {
  for (const { file, line, text } of findings) console.error(`${file}:${line}: ${text}`);
  console.error(findings.length === 0 ? `${check}: nothing found` : `${check}: ${findings.length} found`);
  if (findings.length > 0) process.exitCode = 1;
}
