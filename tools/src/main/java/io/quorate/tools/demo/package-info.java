/**
 * {@code demo}: a guided tour of a fresh cluster. What it prints is what the cluster did: each
 * claim is checked, and one that does not hold fails the command.
 *
 * <ul>
 *   <li>{@link io.quorate.tools.demo.DemoCommand}: takes a cluster up, runs the tour, takes it
 *       down.
 *   <li>{@link io.quorate.tools.demo.Tour}: the chapters.
 *   <li>{@link io.quorate.tools.demo.Story}: what is printed, and which claims failed.
 *   <li>{@link io.quorate.tools.demo.SteadyLoad}: writes and reads that go on in the background.
 * </ul>
 */
@NullMarked
package io.quorate.tools.demo;

import org.jspecify.annotations.NullMarked;
