/** The way of an order through the service: drawn here, or a link to where AWS draws it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { config } from "../config.ts";
import { time } from "../words.ts";
import { Trouble, useDoing } from "./parts.tsx";

/** One thing that took time, from `start` on, both in milliseconds after the section's begin. */
interface Step {
  name: string;
  details: string;
  depth: number;
  start: number;
  duration: number;
  failed: boolean;
}

interface Section {
  /** In milliseconds since 1970. */
  begins: number;
  duration: number;
  steps: Step[];
}

export function Trace({ orderId }: { orderId: string }): JSX.Element {
  const url = (config().traceUrl ?? "").replace("{orderId}", encodeURIComponent(orderId));
  const [sections, setSections] = useState<Section[] | null>(null);
  const [busy, error, start] = useDoing();
  if (config().traceIsPage) {
    return <p class="wide"><a href={url} target="_blank" rel="noreferrer">Its traces in X-Ray</a></p>;
  }
  function read(): void {
    start(async () => {
      const answer = await fetch(url, { cache: "no-store" });
      const said = (await answer.json()) as { sections?: Section[]; detail?: string };
      if (!said.sections) throw new Error(said.detail ?? "There is no trace.");
      setSections(said.sections);
    });
  }
  return (
    <section aria-labelledby="way" class="wide">
      <h2 id="way">Its way</h2>
      <Trouble error={error} />
      <button type="button" onClick={read} disabled={busy}>{sections ? "Draw it again" : "Draw its trace"}</button>
      {sections?.map((section, index) => <Drawn key={index} section={section} />)}
    </section>
  );
}

function Drawn({ section }: { section: Section }): JSX.Element {
  const whole = Math.max(section.duration, 0.001);
  return (
    <table class="trace">
      <caption>{time(new Date(section.begins).toISOString())}, {section.duration.toFixed(1)} ms</caption>
      <thead><tr><th scope="col">What</th><th scope="col" class="bar-of">When</th><th scope="col">ms</th></tr></thead>
      <tbody>
        {section.steps.map((step, index) => (
          <tr key={index} class={step.failed ? "failed" : ""}>
            <th scope="row" data-depth={Math.min(step.depth, 4)}>{step.name} <small>{step.details}</small></th>
            <td class="bar-of">
              <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect x={(step.start / whole) * 100} y="0" height="6" width={Math.max((step.duration / whole) * 100, 0.8)} />
              </svg>
            </td>
            <td>{step.duration.toFixed(1)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
