/* SPDX-License-Identifier: MIT */
#pragma once

#include <gst/gst.h>
#include <gst/arcly/kernel/gstarclysubscription.h>

G_BEGIN_DECLS

#define GST_TYPE_ARCLY_BUS_PAD (gst_arcly_bus_pad_get_type ())
G_DECLARE_FINAL_TYPE (
    GstArclyBusPad, gst_arcly_bus_pad, GST, ARCLY_BUS_PAD, GstPad)

GstPad *gst_arcly_bus_pad_new (GstPadTemplate *templ, const gchar *name,
    guint subscriber, guint track, GstArclySubscription *sub,
    GstArclyGroup *group);

guint gst_arcly_bus_pad_get_subscriber (GstArclyBusPad *pad);

guint gst_arcly_bus_pad_get_track (GstArclyBusPad *pad);

/* Constant while the pad lives. (transfer none) */
GstArclySubscription *gst_arcly_bus_pad_get_subscription (GstArclyBusPad *pad);

/* Deactivated because the application gives it back. */
void gst_arcly_bus_pad_set_released (GstArclyBusPad *pad);

gboolean gst_arcly_bus_pad_is_released (GstArclyBusPad *pad);

/* Whether its reader is attached. Only who activates or deactivates the pad
 * sets it. */
void gst_arcly_bus_pad_set_serving (GstArclyBusPad *pad, gboolean serving);

gboolean gst_arcly_bus_pad_is_serving (GstArclyBusPad *pad);

/* At the newest start point, for the peer that is linked now. */
void gst_arcly_bus_pad_restart (GstArclyBusPad *pad);

/* (transfer none) */
GstArclyGroup *gst_arcly_bus_pad_get_group (GstArclyBusPad *pad);

/* gstarclybuspadproperties.c, for class_init. */
void gst_arcly_bus_pad_install_properties (GObjectClass *object_class);

/* A worker, see GstArclySubscriptionFuncs. */
void gst_arcly_bus_pad_deliver (GstArclySubscription *sub, GstArclyItem *items,
    guint n_items, gpointer user_data);

G_END_DECLS
