@NullMarked
package io.quorate.environment.simulated;

import org.jspecify.annotations.NullMarked;
