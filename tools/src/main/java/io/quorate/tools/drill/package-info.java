/**
 * The five drills: real node processes, a steady load, a fault, and the measured time of each step
 * that follows (F10).
 *
 * <ul>
 *   <li>{@link io.quorate.tools.drill.DrillCommand}: the command; each drill has a fresh cluster.
 *   <li>{@code Drill}: {@code LeaderKilled}, {@code Cut}, {@code SlowNode}, {@code RollingRestart},
 *       {@code AllKilled}; {@code Stage}: the nodes on which it happens, and the steps that several
 *       drills have in common.
 *   <li>{@code Load}: requests at a steady rate, and what became of each; {@code Lookout}: asks a
 *       node what it thinks of the others; {@code Chronicle}: what was seen, by whom and when.
 *   <li>{@code NodeNetwork}: network namespaces in which nodes can be cut from each other.
 *   <li>{@code Report}: the story, the timeline, the promises; as text and as JSON.
 * </ul>
 *
 * <p>What is promised is checked against the chronicle and the rows, not against the logs.
 */
@NullMarked
package io.quorate.tools.drill;

import org.jspecify.annotations.NullMarked;
