/* SPDX-License-Identifier: MIT
 *
 * How an engine travels between elements: as a #GstContext. */
#include "config.h"

#include <gst/arcly/engine/gstarclyengine.h>

#define FIELD_ENGINE "engine"

/**
 * gst_arcly_engine_new_context:
 * @engine: an engine
 *
 * Wraps @engine so that an application can hand it to a pipeline with
 * gst_element_set_context(). Several pipelines may be given the same engine:
 * they then share streams and listeners. Any thread.
 *
 * Returns: (transfer full): a persistent context of type
 *     %GST_ARCLY_ENGINE_CONTEXT_TYPE
 *
 * Since: 0.1
 */
GstContext *
gst_arcly_engine_new_context (GstArclyEngine *engine)
{
  GstContext *context = NULL;

  g_return_val_if_fail (GST_IS_ARCLY_ENGINE (engine), NULL);

  context = gst_context_new (GST_ARCLY_ENGINE_CONTEXT_TYPE, TRUE);
  gst_structure_set (gst_context_writable_structure (context), FIELD_ENGINE,
      GST_TYPE_ARCLY_ENGINE, engine, NULL);
  return context;
}

/**
 * gst_arcly_engine_from_context:
 * @context: a context
 *
 * Any thread.
 *
 * Returns: (transfer full) (nullable): the engine in @context, or %NULL if it
 *     holds none
 *
 * Since: 0.1
 */
GstArclyEngine *
gst_arcly_engine_from_context (GstContext *context)
{
  GstArclyEngine *engine = NULL;

  g_return_val_if_fail (GST_IS_CONTEXT (context), NULL);

  if (!gst_context_has_context_type (context, GST_ARCLY_ENGINE_CONTEXT_TYPE))
    return NULL;
  gst_structure_get (gst_context_get_structure (context), FIELD_ENGINE,
      GST_TYPE_ARCLY_ENGINE, &engine, NULL);
  return engine;
}

/* The engine that the element was given, by its bin or its application. */
static GstArclyEngine *
engine_of (GstElement *element)
{
  g_autoptr (GstContext) context =
      gst_element_get_context (element, GST_ARCLY_ENGINE_CONTEXT_TYPE);

  return context ? gst_arcly_engine_from_context (context) : NULL;
}

/**
 * gst_arcly_engine_ensure:
 * @element: the element that needs an engine
 *
 * The engine of @element's pipeline: the one it was given as a context, else
 * the one that its bin, or the application through a need-context message,
 * answers with, else a new one, which is offered to the rest of the pipeline
 * with a have-context message.
 *
 * For elements, on the way to READY: in the thread that changes the state,
 * with no lock held, since bus handlers run inside.
 *
 * Returns: (transfer full): the engine
 *
 * Since: 0.1
 */
GstArclyEngine *
gst_arcly_engine_ensure (GstElement *element)
{
  g_autoptr (GstContext) context = NULL;
  GstArclyEngine *engine = NULL;

  g_return_val_if_fail (GST_IS_ELEMENT (element), NULL);

  engine = engine_of (element);
  if (engine)
    return engine;

  gst_element_post_message (
      element, gst_message_new_need_context (
                   GST_OBJECT (element), GST_ARCLY_ENGINE_CONTEXT_TYPE));
  engine = engine_of (element);
  if (engine)
    return engine;

  engine = gst_arcly_engine_new ();
  context = gst_arcly_engine_new_context (engine);
  gst_element_set_context (element, context);
  gst_element_post_message (
      element, gst_message_new_have_context (
                   GST_OBJECT (element), g_steal_pointer (&context)));
  return engine;
}
