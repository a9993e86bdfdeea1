package io.quorate.simulation;

import io.quorate.environment.simulated.SimulatedWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What happened in a run, a line each, for whoever replays it. */
final class Story {
  private final SimulatedWorld world;
  private final List<String> lines = new ArrayList<>();

  Story(SimulatedWorld world) {
    this.world = world;
  }

  void tell(String what) {
    lines.add(String.format(Locale.ROOT, "%8.3f s  %s", world.nowNanos() / 1e9, what));
  }

  List<String> lines() {
    return List.copyOf(lines);
  }
}
