/** The oldest Node.js that runs zeta; what asks for it here has to run on older ones too. */
const OLDEST = [22, 18] as const;

export const OLDEST_NODE = OLDEST.join(".");

/** Of a version such as `process.versions.node`. */
export function isRecentNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
