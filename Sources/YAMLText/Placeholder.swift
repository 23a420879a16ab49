enum YAMLTextPlaceholder {}
