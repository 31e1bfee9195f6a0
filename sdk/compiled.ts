/** Marks a function that exists only inside compiled programs: the compiler knows it by name, plain JavaScript cannot run it. */
export function compiledOnly(name: string): never {
  throw new TypeError(`${name} runs only in a compiled program: in the kernel, or in the interpreter of zeta/testing.`);
}
