/** One side of a comparison: a loaded object whose maps are read and written by the layouts that both sides share. */
import { compile } from "../../compiler/index.ts";
import {
  type AnyTypedMap,
  inNamespace,
  type LoadedObject,
  type LoadedProgram,
  load,
  type TestRunOptions,
  type TestRunResult,
  testRun,
  typedMap,
} from "../../runtime/index.ts";
import { encode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { compileRival } from "./rival.ts";

/** Where packets come in: an interface, by its number in its network namespace. */
export interface Ingress {
  readonly namespace: string;
  readonly interface: number;
}

export interface Subject extends Disposable {
  readonly side: "ours" | "rival";
  readonly program: LoadedProgram;
  readonly mapNames: readonly string[];
  map(name: string): AnyTypedMap;
  /** Writes a global by its layout in our manifest. */
  setGlobal(name: string, value: unknown): void;
  run(options: Omit<TestRunOptions, "context">): TestRunResult;
}

/** Runs in the namespace of the interface that packets come in by; in ours, by the loopback, when there is none. */
export function runAt(program: LoadedProgram, options: TestRunOptions, ingress: Ingress | null): TestRunResult {
  if (ingress === null) return testRun(program, options);
  return inNamespace(ingress.namespace, () =>
    testRun(program, { ...options, context: { interface: ingress.interface } }),
  );
}

interface Shapes {
  readonly maps: readonly MapData[];
  readonly globals: ReadonlyMap<string, LayoutData>;
  /** The program that packets enter by. */
  readonly root: string;
}

function subject(side: Subject["side"], loaded: LoadedObject, shapes: Shapes, ingress: Ingress | null): Subject {
  const program = loaded.program(shapes.root);
  const opened = new Map<string, AnyTypedMap>();
  return {
    side,
    program,
    mapNames: shapes.maps.map(({ name }) => name),
    map(name) {
      const data = shapes.maps.find((one) => one.name === name);
      if (data === undefined) throw new RangeError(`There is no map '${name}'.`);
      const map = opened.get(name) ?? typedMap(loaded.map(name), data);
      opened.set(name, map);
      return map;
    },
    setGlobal(name, value) {
      const layout = shapes.globals.get(name);
      if (layout === undefined) throw new RangeError(`There is no global '${name}'.`);
      // The C object comes without a manifest, so its globals are bytes.
      loaded.globals.write(name, side === "ours" ? value : encode(layout, value));
    },
    run: (options) => runAt(program, options, ingress),
    [Symbol.dispose]: () => loaded.close(),
  };
}

export interface Pair extends Disposable {
  readonly ours: Subject;
  readonly rival: Subject;
}

/** Compiles and loads both sides: our program from its source, the rival from C, for the same instruction set. */
export async function loadPair(source: string, rival: string, ingress: Ingress | null): Promise<Pair> {
  const result = await compile(source, { cpu: "v3" });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  const { manifest, code } = result;
  const shapes: Shapes = {
    maps: manifest.maps,
    globals: new Map(manifest.globals.map(({ name, layout }) => [name, layout])),
    root: manifest.service?.root ?? manifest.programs[0]?.name ?? "",
  };
  const own = await load({ object: code.object, manifest });
  try {
    const other = await load(compileRival(rival), { name: rival });
    return {
      ours: subject("ours", own, shapes, ingress),
      rival: subject("rival", other, shapes, ingress),
      [Symbol.dispose]() {
        own.close();
        other.close();
      },
    };
  } catch (error) {
    own.close();
    throw error;
  }
}
