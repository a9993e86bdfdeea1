/**
 * A cluster of node processes on this machine: {@code up} and {@code down}.
 *
 * <ul>
 *   <li>{@link io.quorate.tools.cluster.ClusterLayout}: which node has which address, data centre
 *       and configuration; pure.
 *   <li>{@link io.quorate.tools.cluster.NodeDirectory}: one node's files and its process.
 *   <li>{@link io.quorate.tools.cluster.LocalCluster}: all of them: start, wait until healthy,
 *       stop.
 *   <li>{@link io.quorate.tools.cluster.UpCommand}, {@link io.quorate.tools.cluster.DownCommand}:
 *       the commands.
 * </ul>
 *
 * <p>The files are the only state: a later command finds the processes by their {@code pid} files
 * and checks that a process is the node that it is taken for before it signals it.
 */
@NullMarked
package io.quorate.tools.cluster;

import org.jspecify.annotations.NullMarked;
