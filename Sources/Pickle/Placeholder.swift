enum PicklePlaceholder {}
