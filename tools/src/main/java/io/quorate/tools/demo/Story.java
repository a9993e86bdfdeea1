package io.quorate.tools.demo;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** What the tour prints, and which of its claims did not hold. */
final class Story {
  private final PrintWriter out;
  private final List<String> failures = new ArrayList<>();
  private int chapters;

  Story(PrintWriter out) {
    this.out = out;
  }

  void chapter(String title) {
    out.println();
    out.println(++chapters + ". " + title);
    out.flush();
  }

  void tell(String line) {
    out.println("   " + line);
    out.flush();
  }

  /** Something that the tour promises: it is checked, and counted when it is not so. */
  void claim(boolean holds, String claim) {
    out.println((holds ? " ✓ " : " ✗ ") + claim);
    out.flush();
    if (!holds) {
      failures.add(claim);
    }
  }

  List<String> failures() {
    return failures;
  }
}
