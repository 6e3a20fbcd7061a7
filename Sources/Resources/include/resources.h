#ifndef ROLLCALL_RESOURCES_H
#define ROLLCALL_RESOURCES_H

/// One file of Resources/; `name` is its path there, for example `assets/rollcall.css`.
typedef struct {
    const char *_Nonnull name;
    const unsigned char *_Nonnull bytes;
    unsigned long size;
} rollcall_resource;

int rollcall_resource_count(void);
rollcall_resource rollcall_resource_at(int index);

#endif
