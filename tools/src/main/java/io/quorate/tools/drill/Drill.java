package io.quorate.tools.drill;

/** Something that goes wrong, or is done, in a cluster under load, and what must hold meanwhile. */
interface Drill {
  /** As the command takes it. */
  String name();

  /** What is done, in one line. */
  String title();

  /** Whether this drill cuts nodes off, for which each has a network of its own. */
  default boolean needsNetwork() {
    return false;
  }

  /** Does it, on three nodes that are up. What was found stands in the stage's report. */
  void run(Stage stage);
}
