/** How far an own message has got. */
import { h, icon } from "./dom.js";
import { ICONS } from "./icons.js";

const LOOK = {
  pending: { paths: ICONS.clock, label: "Waiting to be sent" },
  failed: { paths: ICONS.warning, label: "Not sent" },
  sent: { paths: ICONS.check, label: "Sent" },
  delivered: { paths: ICONS.checks, label: "Delivered" },
  read: { paths: ICONS.checks, label: "Read" },
};

/** One tick, two, or two coloured ones; a clock while it waits. */
export function ticks(status) {
  const { paths, label } = LOOK[status];
  return h(
    "span",
    {
      class: `ticks ${status}`,
      testid: "ticks",
      "data-status": status,
      role: "img",
      "aria-label": label,
      title: label,
    },
    icon(paths),
  );
}
