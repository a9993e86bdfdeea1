/**
 * Hints: writes kept for a replica that is down, delivered when it is back (section 4.6 of the
 * Dynamo paper, SOSP 2007). A hint is a convenience for speed of convergence; read repair and
 * anti-entropy repair make up for those that expire or find no room.
 *
 * <ul>
 *   <li>{@link io.quorate.hintedhandoff.HintStore}: takes hints in from any shard and keeps them on
 *       disk, within a time window and quotas.
 *   <li>{@link io.quorate.hintedhandoff.HintDispatcher}: delivers them to targets that are alive.
 *   <li>{@code HintFile}: the format of the files, a sequence of them for each target.
 *   <li>{@code TargetHints}: the files of one target.
 *   <li>{@code HintQuotas}: bytes in use, known to every shard.
 * </ul>
 *
 * <p>Invariants: a hint acknowledged as durable is on disk; a hint leaves the disk only when it was
 * delivered, has expired or was truncated by an operator. A hint may be delivered more than once:
 * mutations carry their timestamps, so that changes nothing.
 *
 * <p>Threading: files belong to the {@code hints} thread, deliveries to one shard; the quotas are
 * atomics.
 */
@NullMarked
package io.quorate.hintedhandoff;

import org.jspecify.annotations.NullMarked;
