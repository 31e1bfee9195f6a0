/** The event streams of a running service, shown as they come. */
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { LoadedObject } from "../../loader/load.ts";
import { type EventStream, events } from "../../maps/events.ts";
import { present } from "../../maps/present.ts";
import type { Display } from "./display.ts";

export interface EventWatch {
  /** Rejects when a stream cannot be read any more; never resolves. */
  readonly failed: Promise<never>;
  /** Shows what is still there and ends the streams. */
  stop(): Promise<void>;
}

async function follow(name: string, stream: EventStream<unknown>, of: LayoutData, display: Display): Promise<void> {
  for await (const value of stream) display.event(name, present(of, value));
}

export function watchEvents({ service }: Manifest, { maps }: LoadedObject, display: Display): EventWatch {
  const streams = (service?.state ?? []).flatMap(({ path, kind, map: mapName, value }) => {
    const map = maps.get(mapName);
    return kind === "events" && map !== undefined && value !== null
      ? [{ path, value, stream: events(map, value) }]
      : [];
  });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const following = streams.map(({ path, value, stream }) => follow(path, stream, value, display).catch(reject));
  return {
    failed,
    async stop() {
      for (const { stream } of streams) stream.close();
      await Promise.all(following);
    },
  };
}
