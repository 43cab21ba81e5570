"""Setting foregrounds before backgrounds in linear light, moved, graded and filmed."""
